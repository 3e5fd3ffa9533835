"""What the pages of a Parquet file announce, by which a reader asks for memory whatever the footer says."""

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


@dataclass(frozen=True)
class Pages:
    """Of all columns together."""

    values: int
    """Without those of dictionaries, which are no more than their bytes."""
    unpacked: int
    """Bytes."""


def pages_of(path: Path, about: Any) -> Pages:
    """Read the headers of all pages; ``about`` is the footer. Raises ``ValueError`` where they are no pages."""
    name, values, unpacked = file_name(path), 0, 0
    with opened(path) as file:
        groups = map(about.row_group, range(about.num_row_groups))
        columns = (column for group in groups for column in map(group.column, range(group.num_columns)))
        pages = (page for column in columns for page in _pages(file.data, column))
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


def _pages(data: memoryview, column: Any) -> Iterator[Fields]:
    """The headers of a column's pages, as far as they are read: until the footer's number of values is there."""
    first = column.dictionary_page_offset if column.has_dictionary_page else None
    at = min(first or column.data_page_offset, column.data_page_offset)
    end, seen = at + column.total_compressed_size, 0
    if not 0 <= at <= end <= len(data):
        raise ValueError("a column beyond the end of the file")
    while at < end and seen < column.num_values:
        header = _Header(data, at)
        page = header.struct()
        yield page
        seen += _held(page)[0] if _number(page, 1) != _DICTIONARY else 0
        at = header.at + _number(page, 3)


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
        raise ValueError("a page without its numbers")
    return found


class _Header:
    """Thrift's compact protocol, as far as a page's header needs it. Raises ``ValueError`` for anything else."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at

    def struct(self, depth: int = 0) -> Fields:
        """Numbers and structures by their field; texts are passed over."""
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
            case 12 if depth < _DEEPEST:
                return self.struct(depth + 1)
            case _:
                raise ValueError("no header of a page")
        return None

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
