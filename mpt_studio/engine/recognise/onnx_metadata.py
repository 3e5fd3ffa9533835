"""The metadata of an ONNX file as plain values, such as other files hold them beside their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpt_studio.engine.recognise.values import LONGEST, value_of
from mpt_studio.files import onnx_header


def values(metadata: Mapping[str, str]) -> dict[str, Any]:
    """All entries as plain values, such as other files hold them; those of our own header stand at the top."""
    others = {key: text[:LONGEST] for key, text in metadata.items() if key not in (onnx_header.KEY, onnx_header.SEAL)}
    ours = value_of(metadata.get(onnx_header.KEY, ""))
    known = ours if isinstance(ours, dict) else {}
    return others | {key: value for key, value in known.items() if key in ("class_names", "preprocessing")}
