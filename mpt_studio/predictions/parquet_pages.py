"""What the pages of a Parquet file announce, by which a reader asks for memory whatever the footer says.

The footer is read here as well: asked for a column of a damaged one, pyarrow 26 ends the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.errors import UserError
from mpt_studio.files.opened import opened
from mpt_studio.predictions.table import file_name

MOST_PAGES = 1_000_000
_DICTIONARY, _PREFIXES = 2, 7
"""Parquet's numbers of a page's type and of the encoding DELTA_BYTE_ARRAY."""
_HELD = {0: (5, 2), _DICTIONARY: (7, 2), 3: (8, 4)}
"""By the page's type (data, a dictionary, data of version 2): the fields of its header and of the encoding in that."""
_LEAST_BYTES = 4
"""Of a value in a dictionary."""
_DEEPEST = 8
Fields = dict[int, Any]
_GROUPS, _CHUNKS, _ABOUT = 4, 1, 3
"""Fields of the footer, of a row group, of a column's part in it."""
_VALUES, _SIZE, _FIRST, _FIRST_DICTIONARY = 5, 7, 9, 11
"""Fields of what is said of that: values, packed bytes, where its first page and its dictionary begin."""
_TAIL = 8
"""Bytes: how long the footer is, and the file's mark."""


@dataclass(frozen=True)
class Pages:
    """Of all columns together."""

    values: int
    """Without those of dictionaries, which are no more than their bytes."""
    unpacked: int
    """Bytes."""


def pages_of(path: Path) -> Pages:
    """Read the footer and the headers of all pages. Raises ``ValueError`` where they are none."""
    name, values, unpacked = file_name(path), 0, 0
    with opened(path) as file:
        pages = (page for column in _columns(file.data) for page in _pages(file.data, column))
        for number, page in enumerate(pages):
            if number == MOST_PAGES:
                raise UserError(f"{name} has more than {MOST_PAGES:,} pages; save it with larger ones.")
            count, encoding = _held(page)
            size = _number(page, 2)
            if _number(page, 1) == _DICTIONARY:
                if count * _LEAST_BYTES > size:
                    raise ValueError("a dictionary of more values than bytes")
                count = 0
            values, unpacked = values + count, unpacked + size
            if encoding == _PREFIXES:
                raise UserError(f"{name} has texts as DELTA_BYTE_ARRAY, whose size nobody knows; write them PLAIN.")
    return Pages(values, unpacked)


def _columns(data: memoryview) -> Iterator[Fields]:
    """What the footer says of each column of each row group."""
    footer = _Header(data, len(data) - _TAIL - int.from_bytes(data[-_TAIL:-4], "little")).struct()
    for group in _all(footer, _GROUPS):
        for chunk in _all(group, _CHUNKS):
            if not isinstance(found := chunk.get(_ABOUT), dict):
                raise ValueError("a column of which nothing is said")
            yield found


def _pages(data: memoryview, column: Fields) -> Iterator[Fields]:
    """The headers of a column's pages, as far as they are read: until the footer's number of values is there."""
    values, size, at = (_number(column, place) for place in (_VALUES, _SIZE, _FIRST))
    at = min(_number(column, _FIRST_DICTIONARY) or at, at) if _FIRST_DICTIONARY in column else at
    end, seen = at + size, 0
    if not at <= end <= len(data):
        raise ValueError("a column beyond the end of the file")
    while at < end and seen < values:
        header = _Header(data, at)
        page = header.struct()
        yield page
        seen += _held(page)[0] if _number(page, 1) != _DICTIONARY else 0
        at = header.at + _number(page, 3)


def _all(fields: Fields, place: int) -> list[Fields]:
    found = fields.get(place)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("a footer without its parts")
    return found


def _held(page: Fields) -> tuple[int, int]:
    """How many values, and their encoding; of other pages none are read."""
    if _number(page, 1) not in _HELD:
        return 0, 0
    place, encoding = _HELD[page[1]]
    if not isinstance(page.get(place), dict):
        raise ValueError("a page without a header")
    return _number(page[place], 1), _number(page[place], encoding)


def _number(fields: Fields, place: int) -> int:
    found = fields.get(place)
    if not isinstance(found, int) or found < 0:
        raise ValueError("a page or column without its numbers")
    return found


class _Header:
    """Thrift's compact protocol, as far as a footer and pages' headers need it. Raises ``ValueError`` for the rest."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at
        if at < 0:
            raise ValueError("a header before the beginning of the file")

    def struct(self, depth: int = 0) -> Fields:
        """Numbers, structures and lists by their field; texts are passed over."""
        fields: Fields = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._signed()
            fields[field] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        match kind:
            case 1 | 2:
                return kind == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                self.at += 8
            case 8:
                length = self._varint()
                self.at += length
            case 9 | 10 if depth < _DEEPEST:
                return self._list(depth + 1)
            case 12 if depth < _DEEPEST:
                return self.struct(depth + 1)
            case _:
                raise ValueError("no header of a page")
        return None

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._varint()
        if count > len(self.data) - self.at:
            raise ValueError("a list beyond the end of the file")
        of = 3 if head & 15 in (1, 2) else head & 15  # in a list, a truth is a byte
        return [self._value(of, depth) for _ in range(count)]

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("no header of a page")

    def _byte(self) -> int:
        if self.at >= len(self.data):
            raise ValueError("a page beyond the end of the file")
        self.at += 1
        return self.data[self.at - 1]
