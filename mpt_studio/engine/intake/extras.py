"""What a file tells besides weights (epoch, accuracy, class names, arguments) as plain values of bounded size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mpt_studio.engine.intake.inert import TensorRecord
from mpt_studio.files.pickle_machine import Global, Stub, Unordered

MOST_VALUES = 120_000
"""Enough for the 21,841 class names of the full ImageNet, there and back."""
MOST_DEPTH = 12
MOST_TEXT = 2000
MOST_LINES = 100_000
"""Characters of a text of several lines, as a configuration is."""
MOST_NUMBERS = 1000
"""Of a tensor among the values."""
ReadNumbers = Callable[[TensorRecord], list[Any]]


def plain(values: dict[str, Any], numbers: ReadNumbers) -> dict[str, Any]:
    """Plain JSON-like values; what does not fit is left out. Objects become dicts of their attributes.

    A set becomes ``Unordered``; ``numbers`` reads a tensor, which is told as text where it is large.
    """
    found = _Plain(numbers).of(values, 0)
    return found if isinstance(found, dict) else {}


class _Plain:
    """Depth and number are bounded, so recursion is."""

    def __init__(self, numbers: ReadNumbers) -> None:
        self.numbers = numbers
        self.budget = MOST_VALUES

    def of(self, value: Any, depth: int) -> Any:
        """None where nothing of it can be kept."""
        self.budget -= 1
        if self.budget < 0 or depth > MOST_DEPTH:
            return None
        if isinstance(value, bytes):
            value = value[:MOST_TEXT].decode("utf-8", "replace")
        if isinstance(value, bool | str):
            return self._text(value) if isinstance(value, str) else value
        if isinstance(value, int):
            return value if abs(value) < 1 << 63 else None
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        return self._whole(value, depth)

    def _text(self, text: str) -> str:
        if len(text) <= MOST_TEXT or "\n" not in text:
            return text[:MOST_TEXT]
        self.budget -= MOST_LINES // 100
        return text[:MOST_LINES]

    def _whole(self, value: Any, depth: int) -> Any:
        if isinstance(value, list | tuple):
            kept = self._kept(value, depth)
            return Unordered(kept) if isinstance(value, Unordered) else kept
        if isinstance(value, TensorRecord):
            return self._tensor(value)
        if isinstance(value, Global):
            return value.name[:MOST_TEXT]
        if isinstance(value, Stub):
            return self._object(value, depth)
        return self._dict(value, depth) if isinstance(value, dict) else None

    def _tensor(self, record: TensorRecord) -> Any:
        if record.count > MOST_NUMBERS:
            return f"a tensor of {'×'.join(map(str, record.size))}"
        self.budget -= record.count
        return self.numbers(record)

    def _object(self, stub: Stub, depth: int) -> Any:
        """Its attributes, what it holds, or, as of an enumeration, the one value that it was made from."""
        value: Any = stub.state if isinstance(stub.state, dict) else stub.items or stub.values
        if not value and stub.name.endswith("_reconstruct"):
            return "a NumPy array"
        if not value and len(stub.arguments) == 1 and isinstance(stub.arguments[0], str | int | float):
            value = stub.arguments[0]
        return self.of(value, depth + 1) if value or value == 0 else None

    def _kept(self, values: Any, depth: int) -> list[Any]:
        made = []
        for value in values:
            if self.budget < 0:
                break
            made.append(self.of(value, depth + 1))
        return made

    def _dict(self, values: dict[Any, Any], depth: int) -> dict[str, Any]:
        made = {}
        for key, value in values.items():
            if self.budget < 0:
                break
            if isinstance(key, str | int):
                found = self.of(value, depth + 1)
                if found is not None:
                    made[str(key)[:MOST_TEXT]] = found
        return made
