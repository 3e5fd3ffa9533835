"""Zip archives as torch writes them, read strictly: whatever could be understood in two ways is refused.

Every entry is stored, not packed; entries follow one another without gaps up to the directory, and the directory ends
with the file; both descriptions of an entry agree; no name is there twice; every checksum is right. So whatever else
reads the file afterwards sees what was checked here, and no more bytes than the file has.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.opened import Opened

MOST_ENTRIES = 50_000
_CHUNK = 16 << 20
_END, _DIRECTORY, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_DAMAGED = "is a damaged zip archive"
_AGAIN = "copy or download it again"


@dataclass(frozen=True)
class ZipEntry:
    """One record of an archive."""

    name: str
    start: int
    """Where its bytes begin in the file."""
    size: int
    packed: int
    """Bytes in the file; the same as ``size`` where it is stored."""
    method: int
    flags: int
    crc: int
    header: int
    """Where its local header begins."""


def read_archive(file: Opened) -> dict[str, ZipEntry]:
    """The archive's records by name. Raises ``UserError`` where it is not strictly well formed."""
    try:
        count, start, size = _end(file)
        entries = _directory(file, count, start, size)
        _check_layout(file, entries, start)
    except (struct.error, IndexError) as error:
        raise UserError(f"{_DAMAGED} ({type(error).__name__}); {_AGAIN}") from None
    for entry in entries:
        _check_content(file, entry)
    return {entry.name: entry for entry in entries}


def _end(file: Opened) -> tuple[int, int, int]:
    """Number of entries, start and size of the directory, from the very end of the file."""
    at = file.size - 22
    tail = file.at(at, 22) if at >= 0 else b""
    if tail[:4] != _END:
        raise UserError(f"{_DAMAGED}: it does not end as one; {_AGAIN}")
    disk, first, here, count, size, start, comment = struct.unpack("<4H2IH", tail[4:])
    if comment or disk or first or here != count:
        raise UserError(f"{_DAMAGED}: it is split or has a comment; {_AGAIN}")
    end = at
    if file.at(at - 20, 4) == b"PK\x06\x07" and at >= 76:
        count, size, start, end = _end_64(file, at - 20, (count, size, start))
    if start + size != end:
        raise UserError(f"{_DAMAGED}: something was added to it or cut out; {_AGAIN}")
    return count, start, size


def _end_64(file: Opened, locator: int, short: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """The same from the record of large archives, which has to agree with the short one."""
    disk, at, disks = struct.unpack("<IQI", file.at(locator + 4, 16))
    record = file.at(at, 56)
    if record[:4] != b"PK\x06\x06" or disk or disks > 1 or at + 56 != locator:
        raise UserError(f"{_DAMAGED}: its end does not fit; {_AGAIN}")
    length, _, _, _, _, here, count, size, start = struct.unpack("<Q2H2I4Q", record[4:])
    full = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    agree = all(a in (b, most) for a, b, most in zip(short, (count, size, start), full, strict=True))
    if length != 44 or here != count or not agree:
        raise UserError(f"{_DAMAGED}: its two ends do not agree; {_AGAIN}")
    return count, size, start, at


def _directory(file: Opened, count: int, start: int, size: int) -> list[ZipEntry]:
    if count > MOST_ENTRIES:
        raise UserError(f"is a zip archive of {count:,} entries; a checkpoint has at most {MOST_ENTRIES:,}")
    if not count:
        raise UserError("is an empty zip archive")
    at, entries, names = start, [], set()
    for _ in range(count):
        entry, at = _entry(file, at, start + size)
        if entry.name.lower() in names:  # torch finds names in any case
            raise UserError(f"{_DAMAGED}: {one_sentence(entry.name, 40)} is in it twice; {_AGAIN}")
        names.add(entry.name.lower())
        entries.append(entry)
    if at != start + size:
        raise UserError(f"{_DAMAGED}: its directory does not fit; {_AGAIN}")
    return entries


def _entry(file: Opened, at: int, end: int) -> tuple[ZipEntry, int]:
    head = file.at(at, 46)
    if head[:4] != _DIRECTORY:
        raise UserError(f"{_DAMAGED}: its directory is cut short; {_AGAIN}")
    _, _, flags, method, _, _, crc, packed, size, n, extra, comment, disk, _, _, header = struct.unpack(
        "<6H3I5H2I", head[4:]
    )
    after = at + 46 + n + extra + comment
    if after > end or comment or disk:
        raise UserError(f"{_DAMAGED}: its directory does not fit; {_AGAIN}")
    size, packed, header = _large(file.at(at + 46 + n, extra), size, packed, header)
    name = _name(file.at(at + 46, n))
    if flags & 0x2041:
        raise UserError("is an encrypted zip archive; unpack it with its password first")
    start = header + 30 + sum(struct.unpack("<2H", file.at(header + 26, 4)))
    return ZipEntry(name, start, size, packed, method, flags, crc, header), after


def _name(raw: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{_DAMAGED}: a name in it is no text; {_AGAIN}") from None
    parts = name.split("/")
    if not name or len(name) > 500 or not name.isprintable() or "\\" in name or ".." in parts or "" in parts[:-1]:
        raise UserError(f"is a zip archive with the odd name {one_sentence(name, 40)!r}, which no checkpoint has")
    return name


def _large(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Sizes and offset beyond 4 GB, from the extra field 1, which holds only those that did not fit."""
    found, at = list(values), 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<2H", extra[at : at + 4])
        if kind == 1:
            wide = list(struct.unpack(f"<{length // 8}Q", extra[at + 4 : at + 4 + length // 8 * 8]))
            found = [wide.pop(0) if value == 0xFFFFFFFF and wide else value for value in found]
        at += 4 + length
    return found[0], found[1], found[2]


def _check_layout(file: Opened, entries: list[ZipEntry], directory: int) -> None:
    """Entries lie one after the other from the first byte on, each as its own header says."""
    at = 0
    for entry in sorted(entries, key=lambda e: e.header):
        if entry.header != at:
            raise UserError(f"{_DAMAGED}: its entries overlap or leave gaps; {_AGAIN}")
        _check_local(file, entry)
        at = entry.start + entry.packed
        if at > directory:
            raise UserError(f"{_DAMAGED}: an entry is larger than the file; {_AGAIN}")
        at += _descriptor(file, entry, at) if entry.flags & 8 else 0
    if at != directory:
        raise UserError(f"{_DAMAGED}: something lies between its entries and its end; {_AGAIN}")


def _check_local(file: Opened, entry: ZipEntry) -> None:
    head = file.at(entry.header, 30)
    _, flags, method, _, _, crc, packed, size, n, extra = struct.unpack("<5H3I2H", head[4:])
    raw = file.at(entry.header + 30, n)
    size, packed, _ = _large(file.at(entry.header + 30 + n, extra), size, packed, 0)
    later = bool(flags & 8) and not (crc or packed or size)
    same = (crc, packed, size) == (entry.crc, entry.packed, entry.size)
    if head[:4] != _LOCAL or flags != entry.flags or method != entry.method or raw != entry.name.encode():
        raise UserError(f"{_DAMAGED}: an entry's two descriptions do not agree; {_AGAIN}")
    if not (same or later):
        raise UserError(f"{_DAMAGED}: an entry's two sizes do not agree; {_AGAIN}")


def _descriptor(file: Opened, entry: ZipEntry, at: int) -> int:
    """Length of the description that follows an entry's bytes: with or without signature, 32 or 64 bit."""
    for signature in (_DESCRIPTOR, b""):
        for form in ("<3I", "<I2Q"):
            expected = signature + struct.pack(form, entry.crc, entry.packed, entry.size) if _fits(entry, form) else b""
            if expected and file.at(at, len(expected)) == expected:
                return len(expected)
    raise UserError(f"{_DAMAGED}: an entry's two sizes do not agree; {_AGAIN}")


def _fits(entry: ZipEntry, form: str) -> bool:
    return form != "<3I" or max(entry.packed, entry.size) <= 0xFFFFFFFF


def _check_content(file: Opened, entry: ZipEntry) -> None:
    if entry.method:
        if _may_be_packed(entry.name):
            return  # never unpacked
        raise UserError(
            "is a packed zip archive, not a checkpoint as torch.save writes it; unpack it and open what is inside"
        )
    if entry.size != entry.packed:
        raise UserError(f"{_DAMAGED}: an entry's two sizes do not agree; {_AGAIN}")
    crc = 0
    for at in range(entry.start, entry.start + entry.size, _CHUNK):
        crc = zlib.crc32(file.data[at : min(at + _CHUNK, entry.start + entry.size)], crc)
    if crc != entry.crc:
        raise UserError(f"is damaged: the checksum of {one_sentence(entry.name, 40)} is wrong; {_AGAIN}")


def _may_be_packed(name: str) -> bool:
    """TorchScript packs its source code, which is not read here."""
    return name.partition("/")[2].startswith("code/")
