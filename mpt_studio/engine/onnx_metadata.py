"""Class names and preprocessing in the metadata of an ONNX file, as several exporters write them."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

import pydantic

from mpt_studio import onnx_header
from mpt_studio.checkpoint import Preprocessing
from mpt_studio.data.fit import Fit
from mpt_studio.errors import UserError

LONGEST = 2_000_000
"""Characters of one entry: 20,000 class names."""
_PREPROCESSING = pydantic.TypeAdapter(Preprocessing)


def values(metadata: Mapping[str, str]) -> dict[str, Any]:
    """All entries as plain values, such as other files hold them; those of our own header stand at the top."""
    return {key: _value(text) for key, text in metadata.items() if key not in (onnx_header.KEY, onnx_header.SEAL)} | {
        key: value for key, value in _ours(metadata).items() if key == "class_names"
    }


def preprocessing(metadata: Mapping[str, str]) -> Preprocessing | None:
    """What our header says, or an entry "preprocessing" in the same words; None where there is none that is sound."""
    for told in (_ours(metadata).get("preprocessing"), _value(metadata.get("preprocessing", ""))):
        found = _checked(told) if isinstance(told, dict) else None
        if found is not None:
            return found
    return None


def _ours(metadata: Mapping[str, str]) -> dict[str, Any]:
    found = _value(metadata.get(onnx_header.KEY, ""))
    return found if isinstance(found, dict) else {}


def _checked(values: dict[str, Any]) -> Preprocessing | None:
    known = {key: value for key, value in values.items() if key in Preprocessing.__dataclass_fields__}
    try:
        found = _PREPROCESSING.validate_json(json.dumps(known, allow_nan=False))
        Fit.of(found)
    except (ValueError, TypeError, RecursionError, UserError):
        return None
    return found if min(found.std) > 0 else None


def _value(text: str) -> Any:
    """An entry's value: JSON, a Python literal as some exporters write a dict, or a list of words."""
    if not text or len(text) > LONGEST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    parts = [part.strip() for part in (text.splitlines() if "\n" in text.strip() else text.split(","))]
    return [part for part in parts if part]
