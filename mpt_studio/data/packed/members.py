"""The members of a tar archive: headers are read strictly, what lies between them is not.

Read are ustar, GNU long names and pax headers (path, size). Links and devices are named and never followed. An archive
is taken as far as it is sound: what is wrong, and where, comes as ``Damaged`` after the members before it.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 512
_NEAR, _FAR = 1 << 18, 4096
"""Bytes read at once where headers lie close together, and where large images lie between them."""
_LONGEST = 1 << 20
"""Bytes of a long name or of pax records."""
_ZEROS = bytes(BLOCK)
_OTHERS = {
    b"1": "a link, not a file", b"2": "a link, not a file", b"3": "a device, not a file", b"4": "a device, not a file",
    b"5": "a folder, not a file", b"6": "a pipe, not a file",
}  # fmt: skip
_WITHOUT_DATA, _ABOUT_NEXT = b"123456", b"LKxg"
_ADLER = 65521
"""Adler-32 begins with the sum of the bytes modulo this, many times quicker than Python adds them."""


class Damaged(Exception):  # noqa: N818 - a verdict on a file, not an error of the program
    """What is wrong with an archive, and from which byte on."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(f"{reason} (byte {at:,})")


class Compressed(Exception):  # noqa: N818 - a verdict on a file, not an error of the program
    """The archive is packed as a whole: nothing in it can be read by itself."""


class Member(NamedTuple):
    """One entry; ``other`` says why it is no plain file."""

    name: bytes
    at: int
    """Where its data begin."""
    size: int
    other: str


class Window:
    """A file from which pieces are taken, mostly one after the other."""

    def __init__(self, handle: int) -> None:
        self.size = os.fstat(handle).st_size
        self._handle, self._start, self._data = handle, 0, b""

    def piece(self, start: int, count: int) -> bytes:
        """Bytes from ``start`` on, fewer at the end of the file."""
        offset = start - self._start
        if offset < 0 or offset + count > len(self._data):
            is_near = offset - len(self._data) < _NEAR
            self._data = read_at(self._handle, start, max(count, _NEAR if is_near else _FAR))
            self._start, offset = start, 0
        return self._data[offset : offset + count]


def read_at(handle: int, start: int, count: int) -> bytes:
    """Bytes from ``start`` on, fewer at the end of the file. Not for two threads with one handle."""
    os.lseek(handle, start, os.SEEK_SET)
    return os.read(handle, count)


def members(file: Window) -> Iterator[Member]:
    """The entries in their order. Raises ``Damaged`` where the archive does not go on, ``Compressed`` at its start."""
    at, long_name, records = 0, b"", dict[bytes, bytes]()
    while (header := file.piece(at, BLOCK)) != _ZEROS:
        _check(header, at)
        kind, size, start = header[156:157], _number(header[124:136], at), at + BLOCK
        if kind not in _ABOUT_NEXT:
            size = int(records.get(b"size", size))
        end = start if kind in _WITHOUT_DATA else start + size
        if size < 0 or end > file.size:
            raise Damaged(at, f"a member of {size:,} bytes that reaches beyond the end of the file")
        if kind == b"S":
            raise Damaged(at, "a sparse member, which is not read")
        at = start - (start - end) // BLOCK * BLOCK
        if kind in _ABOUT_NEXT:
            content = _small(file, start, size)
            long_name = content.partition(b"\0")[0] if kind == b"L" else long_name
            records = _records(content, start) if kind == b"x" else records
            continue
        name = records.get(b"path") or long_name or _name(header)
        yield Member(name, start, size, _other(kind, name, records))
        long_name, records = b"", {}
    _refuse_more(file, at)


def _check(header: bytes, at: int) -> None:
    if at == 0 and header.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        raise Compressed
    if len(header) < BLOCK:
        raise Damaged(at, "it is cut off" if header else "it ends without the mark of its end, so it may be cut off")
    said = _number(header[148:156], at)
    blank = header[:148] + b"        " + header[156:]
    if said % _ADLER != ((zlib.adler32(blank) & 0xFFFF) - 1) % _ADLER:
        raise Damaged(at, "no header of a member where one should be" if at else "it is no tar archive")


def _number(field: bytes, at: int) -> int:
    if field[0] & 0x80:  # GNU: a binary number for more than eight gigabytes
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else -1
    text = field.partition(b"\0")[0].strip() or b"0"
    if text.strip(b"01234567"):
        raise Damaged(at, "a header without numbers" if at else "it is no tar archive")
    return int(text, 8)


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    if header[345] and header[257:263] == b"ustar\0":
        return header[345:500].partition(b"\0")[0] + b"/" + name
    return name


def _other(kind: bytes, name: bytes, records: dict[bytes, bytes]) -> str:
    if kind in (b"0", b"\0", b"7"):
        if name.endswith(b"/"):
            return _OTHERS[b"5"]
        return "a sparse file, which is not read" if any(key.startswith(b"GNU.sparse") for key in records) else ""
    return _OTHERS.get(kind, "of a kind that is not read")


def _small(file: Window, at: int, size: int) -> bytes:
    if size > _LONGEST:
        raise Damaged(at, f"a name of {size:,} bytes")
    return file.piece(at, size)


def _records(content: bytes, at: int) -> dict[bytes, bytes]:
    """The records of a pax header: ``LENGTH KEY=VALUE`` and a line's end each."""
    found: dict[bytes, bytes] = {}
    start = 0
    while start < len(content):
        length, space, _ = content[start : start + 20].partition(b" ")
        end = start + int(length) if length.isdigit() else start
        key, equals, value = content[start + len(length) + 1 : end - 1].partition(b"=")
        is_size = key != b"size" or (value.isdigit() and len(value) < 20)
        if not (space and equals and is_size and content[end - 1 : end] == b"\n") or b"\0" in key:
            raise Damaged(at, "pax records that cannot be read")
        found[key] = value
        start = end
    return found


def _refuse_more(file: Window, at: int) -> None:
    """Archives that were put behind one another would be lost in silence."""
    rest = file.piece(at, _NEAR)
    if rest.strip(b"\0"):
        begins = len(rest) - len(rest.lstrip(b"\0"))
        raise Damaged(at + begins, "more follows behind the mark of its end, which is not read")
