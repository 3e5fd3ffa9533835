"""What a file tells besides weights (epoch, accuracy, class names, arguments) as plain values of bounded size."""

from __future__ import annotations

import math
from typing import Any

from mpt_studio.pickle_machine import Global, Stub

MOST_VALUES = 120_000
"""Enough for the 21,841 class names of the full ImageNet, there and back."""
MOST_DEPTH = 6
MOST_TEXT = 2000


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Plain JSON-like values; what does not fit is left out. Objects become dicts of their attributes."""
    budget = [MOST_VALUES]
    return {name[:MOST_TEXT]: made for name, value in values.items() if (made := _plain(value, budget, 0)) is not None}


def _plain(value: Any, budget: list[int], depth: int) -> Any:
    """None where nothing of it can be kept. Depth and number are bounded, so recursion is."""
    budget[0] -= 1
    if budget[0] < 0 or depth > MOST_DEPTH:
        return None
    if isinstance(value, bool | str):
        return value[:MOST_TEXT] if isinstance(value, str) else value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return value[:MOST_TEXT].decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        return _kept(value, budget, depth)
    if isinstance(value, Stub):
        value = value.state if isinstance(value.state, dict) else value.items or value.values
        return _plain(value, budget, depth + 1) if value else None
    if isinstance(value, Global):
        return value.name[:MOST_TEXT]
    return _dict(value, budget, depth) if isinstance(value, dict) else None


def _kept(values: Any, budget: list[int], depth: int) -> list[Any]:
    made = []
    for value in values:
        if budget[0] < 0:
            break
        made.append(_plain(value, budget, depth + 1))
    return made


def _dict(values: dict[Any, Any], budget: list[int], depth: int) -> dict[str, Any]:
    made = {}
    for key, value in values.items():
        if budget[0] < 0:
            break
        if isinstance(key, str | int):
            found = _plain(value, budget, depth + 1)
            if found is not None:
                made[str(key)[:MOST_TEXT]] = found
    return made
