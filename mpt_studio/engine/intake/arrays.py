"""NumPy's numbers and small arrays, read from their bytes without NumPy."""

from __future__ import annotations

import struct
from typing import Any

from mpt_studio.files.pickle_machine import Stub

MOST_VALUES = 100_000
_FORMS = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip


def scalar(kind: Any, content: Any = b"") -> Any:
    """A number from its dtype and its bytes."""
    found = _values(kind, content, 1)
    return found[0] if len(found) == 1 else Stub("a NumPy value")


def array(state: Any) -> list[Any]:
    """The values of a pickled array (version, shape, dtype, order, content); flat, and none where they are too many.

    In which order several axes lie does not matter to what is looked for: lists of names, a number per channel.
    """
    if not isinstance(state, tuple) or len(state) != 5:
        return []
    _, shape, kind, _, content = state
    return _values(kind, content, _count(shape))


def array_from_buffer(content: Any = b"", kind: Any = None, shape: Any = (), order: Any = "C") -> Any:
    """The same of arrays as NumPy pickles them with protocol 5."""
    return Stub("a NumPy array", values=_values(kind, content, _count(shape)))


def _count(shape: Any) -> int:
    count = 1
    for length in shape if isinstance(shape, tuple) else ():
        count *= length if isinstance(length, int) and 0 <= length <= MOST_VALUES else MOST_VALUES + 1
    return count


def _values(kind: Any, content: Any, count: int) -> list[Any]:
    code = kind.arguments[0] if isinstance(kind, Stub) and kind.name == "numpy.dtype" and kind.arguments else ""
    if not isinstance(code, str) or count > MOST_VALUES:
        return []
    if code.startswith("O") and isinstance(content, list):
        return content if len(content) == count else []
    order = ">" if kind.items.get("order") == ">" else "<"
    width = int(code[1:]) if code[1:].isdecimal() and len(code) < 6 else 0
    if not isinstance(content, bytes):
        return []
    if code in _FORMS:
        fits = len(content) == count * width
        return list(struct.unpack(f"{order}{count}{_FORMS[code]}", content)) if fits else []
    return _texts(code[:1], order, content, width, count)


def _texts(letter: str, order: str, content: bytes, width: int, count: int) -> list[Any]:
    encoding = {"U": "utf-32-be" if order == ">" else "utf-32-le", "S": "utf-8"}.get(letter)
    size = width * (4 if letter == "U" else 1)
    if encoding is None or not size or len(content) != size * count:
        return []
    parts = [content[i : i + size] for i in range(0, len(content), size)]
    return [part.decode(encoding, "replace").rstrip("\0") for part in parts]
