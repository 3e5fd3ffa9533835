"""transformers' ``preprocessor_config.json`` as our preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpt_studio.engine.recognise.preprocessing import Found


def read(values: Mapping[str, Any]) -> Found:
    """What the image processor does; nothing where it does something that our preprocessing cannot say."""
    from mpt_studio.engine.recognise.preprocessing import Found

    return Found()
