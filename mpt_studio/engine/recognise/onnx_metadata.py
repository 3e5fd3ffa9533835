"""The metadata of an ONNX file as plain values, such as other files hold them beside their tensors."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from mpt_studio import onnx_header

LONGEST = 2_000_000
"""Characters of one entry: 20,000 class names."""


def values(metadata: Mapping[str, str]) -> dict[str, Any]:
    """All entries as plain values, such as other files hold them; those of our own header stand at the top."""
    others = {key: _value(text) for key, text in metadata.items() if key not in (onnx_header.KEY, onnx_header.SEAL)}
    return others | {key: value for key, value in _ours(metadata).items() if key in ("class_names", "preprocessing")}


def _ours(metadata: Mapping[str, str]) -> dict[str, Any]:
    found = _value(metadata.get(onnx_header.KEY, ""))
    return found if isinstance(found, dict) else {}


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
