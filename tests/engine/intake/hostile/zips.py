"""Zip files that say one thing in one place and another elsewhere, put together by hand.

What two readers of a zip understand differently is how a checker is fooled: it sees one pickle, the loader another.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostile import pickle_code as code
from hostile.case import Canary, Hostile
from hostile.pickle_code import call, value, weights, whole

GROUP = "zip"


@dataclass(frozen=True)
class Entry:
    """One stored entry; what is None is told truthfully."""

    name: str | bytes
    content: bytes
    local_name: str | bytes | None = None
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    local_size: int | None = None
    method: int = 0
    local_method: int | None = None
    flags: int = 0
    offset: int | None = None
    attributes: int = 0
    extra: bytes = b""

    def fields(self, local: bool) -> bytes:
        """The part that the local and the central header share: version … lengths."""
        name = _raw(self.local_name if local and self.local_name is not None else self.name)
        method = self.local_method if local and self.local_method is not None else self.method
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        true = len(self.content)
        size = true if self.size is None else self.size
        packed = true if self.packed is None else self.packed
        if local and self.local_size is not None:
            size = packed = self.local_size
        extra = b"" if local else self.extra
        return struct.pack("<HHHHHIIIHH", 20, self.flags, method, 0, 33, crc, packed, size, len(name), len(extra))

    def local(self) -> bytes:
        name = _raw(self.local_name if self.local_name is not None else self.name)
        return b"PK\x03\x04" + self.fields(True) + name + self.content

    def central(self, offset: int) -> bytes:
        place = offset if self.offset is None else self.offset
        tail = struct.pack("<HHHII", 0, 0, 0, self.attributes, place)
        return b"PK\x01\x02" + struct.pack("<H", 0x0314) + self.fields(False) + tail + _raw(self.name) + self.extra


def _raw(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name


def assemble(entries: Iterable[Entry], **lies: Any) -> bytes:
    """A zip of the entries; ``lies`` are count, size, offset of the directory and its comment."""
    body, directory = bytearray(), bytearray()
    count = 0
    for entry in entries:
        directory += entry.central(len(body))
        body += entry.local()
        count += 1
    return bytes(body + directory) + _end(count & 0xFFFF, len(directory), len(body), **lies)


def _end(entries: int, length: int, start: int, **lies: Any) -> bytes:
    count, size, offset = lies.get("count", entries), lies.get("size", length), lies.get("offset", start)
    comment = lies.get("comment", b"")
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, size, offset, len(comment)) + comment


def sound(**changes: dict[str, Any]) -> list[Entry]:
    """The entries of a sound checkpoint of one tensor; ``changes`` by the entry's short name."""
    contents = {
        "data.pkl": whole(value(weights(), 2), 2),
        "data/0": code.RECORD,
        "byteorder": b"little",
        "version": b"3\n",
    }
    short = {"data.pkl": "pickle", "data/0": "record"}
    return [
        dataclasses.replace(Entry(f"archive/{name}", content), **changes.get(short.get(name, name), {}))
        for name, content in contents.items()
    ]


def harm(canary: Canary) -> bytes:
    return whole(call("os", "system", (canary.shell,), 2), 2)


def cases() -> list[Hostile]:
    made = [_case(name, build) for name, build in WITH_CANARY.items()]
    return made + [_case(name, lambda canary, build=build: build()) for name, build in PLAIN.items()]


def _case(name: str, build: Callable[[Canary], bytes]) -> Hostile:
    def write(folder: Path, canary: Canary) -> Path:
        path = folder / f"{name.replace('/', '_')}.pth"
        path.write_bytes(build(canary))
        return path

    return Hostile(GROUP, name, write)


# -- two readers, two contents ---------------------------------------------------------------------------------------


def _two_pickles(canary: Canary) -> bytes:
    return assemble([*sound(), Entry("archive/data.pkl", harm(canary))])


def _two_folders(canary: Canary) -> bytes:
    return assemble([*sound(), Entry("other/data.pkl", harm(canary)), Entry("other/version", b"3\n")])


def _case_twins(canary: Canary) -> bytes:
    return assemble([*sound(), Entry("archive/DATA.PKL", harm(canary))])


def _names_differ(canary: Canary) -> bytes:
    """The directory calls the harmless entry data.pkl, the local headers the harmful one."""
    first, *rest = sound(pickle={"local_name": "archive/xata.pkl"})
    return assemble([first, Entry("archive/other.pkl", harm(canary), local_name="archive/data.pkl"), *rest])


def _appended(canary: Canary) -> bytes:
    """A sound archive, and a harmful one after it."""
    return assemble(sound()) + assemble([Entry("archive/data.pkl", harm(canary)), Entry("archive/version", b"3\n")])


def _prepended(canary: Canary) -> bytes:
    """A pickle before the zip: by its first bytes it is the one, by its end the other."""
    return harm(canary) + assemble(sound())


def _in_the_comment(canary: Canary) -> bytes:
    inner = assemble([Entry("archive/data.pkl", harm(canary))])
    return assemble(sound(), comment=inner)


def _hidden_between(canary: Canary) -> bytes:
    """Bytes between the entries that no directory names."""
    made = assemble(sound())
    extra = Entry("archive/data.pkl", harm(canary)).local()
    start = made.index(b"PK\x01\x02")
    end = bytearray(made[start:])
    struct.pack_into("<I", end, len(end) - 6, start + len(extra))
    return made[:start] + extra + bytes(end)


def _shared_pickle(canary: Canary) -> bytes:
    """Two directory entries for the same bytes."""
    entries = sound()
    return assemble([*entries, Entry("archive/data/1", b"", offset=0, size=4, packed=4)])


def _link(canary: Canary) -> bytes:
    """A symlink entry to a file outside."""
    return assemble(sound(record={"content": str(canary.stays).encode(), "attributes": 0o120777 << 16}))


def _climbing(canary: Canary) -> bytes:
    name = "../" * 8 + str(canary.appears).lstrip("/")
    return assemble([*sound(), Entry(name, b"x"), Entry(str(canary.appears), b"x"), Entry("..\\..\\x", b"x")])


def _with_code(canary: Canary) -> bytes:
    """What looks like TorchScript, with Python in it and a harmful constant."""
    body = f"class M(Module):\n  def forward(self):\n    {canary.python}\n".encode()
    return assemble([*sound(), Entry("archive/constants.pkl", harm(canary)), Entry("archive/code/__torch__.py", body)])


WITH_CANARY: dict[str, Callable[[Canary], bytes]] = {
    "two data.pkl": _two_pickles,
    "two folders": _two_folders,
    "case twins": _case_twins,
    "local and central names differ": _names_differ,
    "an archive appended": _appended,
    "a pickle prepended": _prepended,
    "an archive in the comment": _in_the_comment,
    "hidden between the entries": _hidden_between,
    "two entries on one place": _shared_pickle,
    "symlink entry": _link,
    "names that climb": _climbing,
    "TorchScript with harmful constants": _with_code,
}


# -- damaged, or not what it seems -----------------------------------------------------------------------------------


def _deflated() -> bytes:
    return code.stored_zip({entry.name: entry.content for entry in sound()}, zipfile.ZIP_DEFLATED)  # type: ignore[misc]


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return buffer.getvalue()


def _zip64() -> bytes:
    """Sizes of 2^60, said in the field for large files."""
    extra = struct.pack("<HHQQ", 1, 16, 1 << 60, 1 << 60)
    return assemble(sound(record={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "extra": extra}))


def _zip64_end() -> bytes:
    """A directory of 2^40 entries at 2^60, by the record for large archives."""
    made = assemble(sound())
    start = made.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 50, 1 << 60)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, start, 1)
    return (
        made[:start] + record + locator + b"PK\x05\x06" + struct.pack("<HHHHIIH", *[0xFFFF] * 4, *[0xFFFFFFFF] * 2, 0)
    )


def _cut(where: str) -> bytes:
    made = assemble(sound())
    start, end = made.index(b"PK\x01\x02"), made.rindex(b"PK\x05\x06")
    return {"directory": made[: start + 60], "end": made[: end + 10], "no end": made[:end]}[where]


def _changed_record() -> bytes:
    """The numbers were changed, the checksum was not."""
    return assemble(sound()).replace(code.RECORD, b"\0" * len(code.RECORD), 1)


PLAIN: dict[str, Callable[[], bytes]] = {
    "deflated": _deflated,
    "bad CRC of the pickle": lambda: assemble(sound(pickle={"crc": 7})),
    "bad CRC of a record": lambda: assemble(sound(record={"crc": 7})),
    "changed numbers": _changed_record,
    "duplicate records": lambda: assemble([*sound(), Entry("archive/data/0", b"\0" * 16)]),
    "sizes differ": lambda: assemble(sound(record={"local_size": 12})),
    "size longer than the file": lambda: assemble(sound(record={"size": 1 << 30, "packed": 1 << 30})),
    "packed and size differ": lambda: assemble(sound(record={"size": 1 << 30})),
    "methods differ": lambda: assemble(sound(pickle={"local_method": 8})),
    "unknown method": lambda: assemble(sound(pickle={"method": 99, "local_method": 99})),
    "lzma": lambda: code.stored_zip({e.name: e.content for e in sound()}, zipfile.ZIP_LZMA),  # type: ignore[misc]
    "password": lambda: assemble(sound(pickle={"flags": 1}, record={"flags": 1})),
    "strong password": lambda: assemble(sound(pickle={"flags": 0x41})),
    "masked headers": lambda: assemble(sound(pickle={"flags": 0x2000})),
    "sizes after the data": lambda: assemble(sound(pickle={"flags": 8, "local_size": 0})),
    "offset beyond the end": lambda: assemble(sound(record={"offset": 1 << 31})),
    "offset into another entry": lambda: assemble(sound(record={"offset": 40})),
    "zip64 sizes": _zip64,
    "zip64 directory": _zip64_end,
    "count too high": lambda: assemble(sound(), count=60_000),
    "count too low": lambda: assemble(sound(), count=1),
    "directory elsewhere": lambda: assemble(sound(), offset=4),
    "directory too long": lambda: assemble(sound(), size=1 << 30),
    "directory cut": lambda: _cut("directory"),
    "end cut": lambda: _cut("end"),
    "no end": lambda: _cut("no end"),
    "no entries": lambda: assemble([]),
    "no data.pkl": lambda: assemble(sound()[1:]),
    "no records": lambda: assemble([entry for entry in sound() if entry.name != "archive/data/0"]),
    "empty record": lambda: assemble(sound(record={"content": b""})),
    "record too short": lambda: assemble(sound(record={"content": b"\0" * 15})),
    "big-endian": lambda: assemble(sound(byteorder={"content": b"big"})),
    "byte order of 1 MB": lambda: assemble(sound(byteorder={"content": b"little" * 200_000})),
    "version 99": lambda: assemble(sound(version={"content": b"99\n"})),
    "version that is no number": lambda: assemble(sound(version={"content": b"\x1b[31mx"})),
    "names of zero bytes": lambda: assemble([*sound(), Entry("archive/data.pkl\0.txt", b"x")]),
    "names that are no UTF-8": lambda: assemble([*sound(), Entry(b"archive/\xff\xfe", b"x", flags=0x800)]),
    "escapes in names": lambda: assemble([Entry("archive/\x1b[31mdata.pkl\x07\n", b"x")]),
    "an entry that is a folder": lambda: assemble([*sound()[1:], Entry("archive/data.pkl/", b"")]),
    "tar": _tar,
    "7z": lambda: b"7z\xbc\xaf\x27\x1c\x00\x04" + b"\x11" * 400,
    "rar": lambda: b"Rar!\x1a\x07\x01\x00" + b"\x11" * 400,
    "a zip of pictures": lambda: code.stored_zip({"a.png": b"\x89PNG\r\n\x1a\n", "b.png": b"\x89PNG\r\n\x1a\n"}),
    "200,000 entries": lambda: assemble(Entry(f"archive/data/{i}", b"") for i in range(200_000)),
    "300,000 small records": lambda: assemble(
        [*sound(), *(Entry(f"archive/data/{i}", b"1234") for i in range(1, 300_000))]
    ),
}
