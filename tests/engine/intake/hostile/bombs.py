"""Small files that ask for much: memory, time, or depth."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from hostile import pickle_code as code
from hostile.case import Canary, Hostile, file
from hostile.headers import safetensors
from hostile.pickle_code import Code, call, named, storage, tensor, value, weights, whole

GROUP = "bomb"
GIGA = 1 << 30


def cases() -> list[Hostile]:
    made = [file(GROUP, name, build) for name, build in BOMBS.items()]
    return [*made, _sparse("100 GB of nothing", b""), _sparse("100 GB behind a safetensors header", _large_header())]


def _sparse(name: str, start: bytes) -> Hostile:
    """A file that is large by its size and takes no room on the disk."""

    def write(folder: Path, canary: Canary) -> Path:
        path = folder / f"{name}.pth"
        with path.open("wb") as stream:
            stream.write(start)
            stream.truncate(100 * GIGA)
        return path

    return Hostile(GROUP, name, write)


def _large_header() -> bytes:
    numbers = (100 * GIGA - 1024) // 4
    header = b'{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}' % (numbers, numbers * 4)
    return struct.pack("<Q", 1016) + header.ljust(1016)


# -- tensors that claim more than there is ---------------------------------------------------------------------------


def _zip_with(**tensors: Code) -> bytes:
    return code.zipped(whole(value(tensors, 2), 2))


def _forty_gigabytes() -> bytes:
    return _zip_with(a=tensor(storage("0", 10 * GIGA), (10 * GIGA,), (1,)))


def _forty_gigabytes_legacy() -> bytes:
    place = storage("0", 10 * GIGA, old=True)
    pickled = whole(value({"a": tensor(place, (10 * GIGA,), (1,))}, 2), 2)
    return code.legacy(pickled)[:-16] + struct.pack("<q", 10 * GIGA)


def _lying_storages() -> bytes:
    """One record that two tensors share, the second saying that it is longer."""
    return _zip_with(a=tensor(storage("0", 4), (4,), (1,)), b=tensor(storage("0", 4000), (4000,), (1,)))


def _shared_many_times() -> bytes:
    """A million numbers, seen by 3,000 tensors: 12 GB once each is written out."""
    record, place = b"\0" * 4_000_000, storage("0", 1_000_000)
    tensors = {f"w{i}": tensor(place, (1_000_000,), (1,)) for i in range(3000)}
    return code.zipped(whole(value(tensors, 2), 2), {"0": record})


def _million_tensors() -> bytes:
    """10⁶ tensors of no dimension, said as briefly as pickle can: place, function and hooks from the memo."""
    start = storage("0", 4) + b"q\x00" + named("torch._utils", "_rebuild_tensor_v2", 2) + b"q\x01"
    start += call("collections", "OrderedDict", (), 2) + b"q\x02" + b"000"
    items = b"".join(b"X\x06\x00\x00\x00%06dh\x01(h\x00K\x00))\x89h\x02tR" % i for i in range(1_000_000))
    return code.zipped(whole(start + b"}(" + items + b"u", 2))


def _sparse_tensor() -> bytes:
    """Indices that lie outside of the shape."""
    layout = call("torch.serialization", "_get_layout", ("torch.sparse_coo",), 2)
    indices = tensor(storage("0", 4, "LongStorage"), (1, 4), (4, 1))
    parts = (indices, tensor(storage("1", 4), (4,), (1,)), (10**12,))
    made = call("torch._utils", "_rebuild_sparse_tensor", (layout, parts), 2)
    record = struct.pack("<4q", -1, 1 << 40, 7, -(1 << 62))
    return code.zipped(whole(value({"a": made}, 2), 2), {"0": record, "1": code.RECORD})


def _meta_tensor() -> bytes:
    arguments = (named("torch", "float32", 2), (10**12,), (1,), False)
    return _zip_with(a=call("torch._utils", "_rebuild_meta_tensor_no_storage", arguments, 2))


# -- values that grow ------------------------------------------------------------------------------------------------


def _laughs(open_: bytes, close: bytes, factor: int = 10, levels: int = 30) -> bytes:
    """Each level holds the one below ``factor`` times; the memo makes it small."""
    made = b"X\x02\x00\x00\x00haq\x00"
    for level in range(levels):
        made += (
            b"0"
            + open_
            + b"h"
            + bytes([level])
            + (b"h" + bytes([level])) * (factor - 1)
            + close
            + b"q"
            + bytes([level + 1])
        )
    return code.zipped(whole(b"X\x05\x00\x00\x00extra" + made + b"\x86" + b"\x85", 2))


def _laughing_beside_weights() -> bytes:
    inner = b"]q\x00"
    for level in range(40):
        inner += b"0](" + (b"h" + bytes([level])) * 8 + b"eq" + bytes([level + 1])
    return code.zipped(whole(value({"model": weights(), "extra": Code(inner)}, 2), 2))


def _deep(open_: bytes, close: bytes, depth: int = 200_000) -> bytes:
    return code.zipped(whole(value({"model": weights(), "extra": Code(open_ * depth + b"N" + close * depth)}, 2), 2))


def _cycle() -> bytes:
    """A dictionary that holds itself, a list that holds itself, and sound weights."""
    inner = Code(b"}q\x05X\x01\x00\x00\x00xh\x05s" + value("y", 2) + b"]q\x06h\x06as")
    return code.zipped(whole(value({"model": inner, "more": weights()}, 2), 2))


def _colliding_keys() -> bytes:
    """Numbers that all have the hash 0: a dictionary of them takes quadratic time."""
    numbers = (i * ((1 << 61) - 1) for i in range(60_000))
    items = b"".join(b"\x8a" + bytes([len(raw)]) + raw + b"N" for raw in map(_long, numbers))
    return code.zipped(whole(value({"model": weights(), "extra": Code(b"}(" + items + b"u")}, 2), 2))


def _long(number: int) -> bytes:
    return number.to_bytes(10, "little", signed=True)


def _dup_list() -> bytes:
    """One list, appended to itself by DUP a million times."""
    return code.zipped(whole(b"]" + b"2a" * 1_000_000, 2))


def _copies(module: str, name: str, made: Code, times: int = 100_000) -> bytes:
    """One value of some size, and a hundred thousand calls that each copy it."""
    start = made + b"q\x00" + named(module, name, 2) + b"q\x01" + b"00"
    return code.zipped(
        whole(value({"model": weights(), "extra": Code(start + b"](" + b"h\x01h\x00\x85R" * times + b"e")}, 2), 2)
    )


def _doubling(module: str, name: str, times: int = 60) -> bytes:
    """A text put together with itself again and again."""
    start = value("x" * 1000, 2) + b"q\x00" + b"0" + named(module, name, 2) + b"q\x01" + b"0" + b"h\x00"
    grown = b"q\x02" + b"0" + b"h\x01h\x02h\x02\x86R"
    return code.zipped(whole(value({"model": weights(), "extra": Code(start + grown * times)}, 2), 2))


def _wide_lists(below_the_limit: int = 30) -> bytes:
    """Lists of 30,000 times the same list: few objects and few steps, but each visit looks at 30,000 others."""
    made = b"Nq\x00"
    for level in range(4):
        made += b"0](" + (b"h" + bytes([level])) * 30_000 + b"eq" + bytes([level + 1])
    entries = {f"part{i}": Code(b"h\x04") for i in range(below_the_limit)}
    return code.zipped(whole(made + b"0" + value({**entries, "more": {"x": weights()}}, 2), 2))


def _many_names() -> bytes:
    """20,000 entries, and below each the same dictionary of 400 tensors' worth of nothing."""
    inner = Code(b"}(" + b"".join(b"X\x03\x00\x00\x00%03d}" % i for i in range(400)) + b"uq\x07")
    entries = {f"part{i}": Code(b"h\x07") for i in range(20_000)}
    return code.zipped(whole(value({"first": inner, **entries, "more": {"x": weights()}}, 2), 2))


def _wide_key() -> bytes:
    """A key of 10^12 parts, four levels deep."""
    made = b"Nq\x00"
    for level in range(4):
        made += b"0(" + (b"h" + bytes([level])) * 1000 + b"tq" + bytes([level + 1])
    return code.zipped(whole(value({"model": weights(), "extra": Code(b"(" + made + b"Nd")}, 2), 2))


def _wide_arguments() -> bytes:
    """A shape, a shape's shape and hooks that are lists of a million entries."""
    shape = Code(b"(" + b"K\x01" * 1_000_000 + b"t")
    return _zip_with(a=tensor(storage("0", 4), shape, shape))  # type: ignore[arg-type]


def _many_lines() -> bytes:
    """Half a million short lines before a long one: who looks far ahead for each end reads it all again and again."""
    return code.zipped(whole(b"V\n0" * 500_000 + b"V" + b"x" * 15_000_000 + b"\n", 0))


def _memo_slot() -> bytes:
    """An unpickler sets its memo table aside up to the slot that is named."""
    return code.zipped(whole(value(weights(), 2) + b"r\xff\xff\xff\x7f", 2))


def _large_counts() -> dict[str, Callable[[], bytes]]:
    """Opcodes whose count is far beyond the file's end."""
    huge = struct.pack("<Q", 1 << 62)
    opcodes = {
        "BINBYTES8": (b"\x8e" + huge, 4),
        "BINUNICODE8": (b"\x8d" + huge, 4),
        "BYTEARRAY8": (b"\x96" + struct.pack("<Q", 60 * GIGA), 5),
        "BYTEARRAY8 of 2^62": (b"\x96" + huge, 5),
        "LONG4": (b"\x8b" + struct.pack("<i", (1 << 31) - 1), 2),
        "LONG4 below zero": (b"\x8b" + struct.pack("<i", -5), 2),
        "BINSTRING": (b"T" + struct.pack("<i", (1 << 31) - 1), 2),
        "BINBYTES": (b"B" + struct.pack("<I", (1 << 32) - 1), 3),
        "FRAME too long": (b"\x95" + huge, 4),
        "FRAME of 60 GB": (b"\x95" + struct.pack("<Q", 60 * GIGA), 4),
    }
    return {
        f"{name} lies": (lambda made=made, p=p: code.zipped(whole(made + b"N", p)))
        for name, (made, p) in opcodes.items()
    }


# -- containers that unpack to more ----------------------------------------------------------------------------------


def _deflated_record(size: int = 3 * GIGA) -> bytes:
    """Three gigabytes of zeros in three megabytes: made from one compressed block, repeated."""
    step = 1 << 22
    zeros, pack = b"\0" * step, zlib.compressobj(9, zlib.DEFLATED, -15)
    first = pack.compress(zeros) + pack.flush(zlib.Z_FULL_FLUSH)
    packed = first * (size // step) + pack.flush(zlib.Z_FINISH)
    crc = 0
    for _ in range(size // step):
        crc = zlib.crc32(zeros, crc)
    pickled = whole(value({"a": tensor(storage("0", size // 4), (size // 4,), (1,))}, 2), 2)
    return _patched(code.zipped(pickled, {"0": packed}), "archive/data/0", crc, size)


def _patched(content: bytes, name: str, crc: int, size: int) -> bytes:
    """The zip with one entry marked as deflated from ``size`` bytes."""
    made, raw = bytearray(content), name.encode()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        local = archive.getinfo(name).header_offset
    central = content.rindex(raw) - 46
    struct.pack_into("<H", made, local + 8, 8)
    struct.pack_into("<I", made, local + 14, crc)
    struct.pack_into("<I", made, local + 22, size)
    struct.pack_into("<H", made, central + 10, 8)
    struct.pack_into("<I", made, central + 16, crc)
    struct.pack_into("<I", made, central + 24, size)
    return bytes(made)


def _deflated_pickle() -> bytes:
    """A data.pkl that unpacks to 100 MB of one text."""
    entries = {"archive/data.pkl": pickle.dumps({"a": "x" * 100_000_000}, 2), "archive/version": b"3\n"}
    return code.stored_zip(entries, zipfile.ZIP_DEFLATED)


def _overlapping() -> bytes:
    """A thousand directory entries that all name the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", whole(value(weights(), 2), 2))
        archive.writestr("archive/data/0", b"\0" * 1_000_000)
        kernel = archive.getinfo("archive/data/0")
        for i in range(1, 1000):
            twin = zipfile.ZipInfo(f"archive/data/{i}")
            twin.header_offset, twin.CRC = kernel.header_offset, kernel.CRC
            twin.file_size = twin.compress_size = kernel.file_size
            archive.filelist.append(twin)
    return buffer.getvalue()


def _million_empty_tensors() -> bytes:
    item = '"%07d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    return safetensors("{" + ",".join(item % i for i in range(1_600_000)) + "}")


BOMBS: dict[str, Callable[[], bytes]] = {
    "40 GB in 400 bytes": _forty_gigabytes,
    "40 GB in the old format": _forty_gigabytes_legacy,
    "10^12 elements of stride 0": lambda: _zip_with(a=tensor(storage("0", 4), (10**12,), (0,))),
    "10^18 elements of stride 0": lambda: _zip_with(a=tensor(storage("0", 4), (10**9, 10**9), (0, 0))),
    "sizes that overflow": lambda: _zip_with(a=tensor(storage("0", 4), (1 << 62, 4), (1, 1))),
    "a size of 2^70": lambda: _zip_with(a=tensor(storage("0", 4), (Code(b"\x8a\x0a" + _long(1 << 70)),), (1,))),
    "negative size": lambda: _zip_with(a=tensor(storage("0", 4), (-4,), (1,))),
    "negative stride": lambda: _zip_with(a=tensor(storage("0", 4), (4,), (-1,))),
    "negative offset": lambda: _zip_with(a=tensor(storage("0", 4), (4,), (1,), -8)),
    "offset beyond the end": lambda: _zip_with(a=tensor(storage("0", 4), (4,), (1,), 1 << 40)),
    "negative count": lambda: _zip_with(a=tensor(storage("0", -4), (4,), (1,))),
    "a thousand dimensions": lambda: _zip_with(a=tensor(storage("0", 4), (1,) * 1000, (1,) * 1000)),
    "a record that is not there": lambda: _zip_with(a=tensor(storage("77", 4), (4,), (1,))),
    "a record outside": lambda: _zip_with(a=tensor(storage("../../x", 4), (4,), (1,))),
    "lying storages": _lying_storages,
    "one storage, 3,000 tensors": _shared_many_times,
    "a million tensors": _million_tensors,
    "sparse tensor with wild indices": _sparse_tensor,
    "meta tensor of 4 TB": _meta_tensor,
    "billion laughs, lists": lambda: _laughs(b"](", b"e"),
    "billion laughs, tuples": lambda: _laughs(b"(", b"t"),
    "billion laughs beside weights": _laughing_beside_weights,
    "nested lists": lambda: _deep(b"]", b"a"),
    "nested tuples": lambda: _deep(b"", b"\x85"),
    "nested dictionaries": lambda: _deep(b"}X\x01\x00\x00\x00a", b"s"),
    "nested REDUCE": lambda: _deep(b"ccollections\nOrderedDict\n", b"\x85R", 20_000),
    "cycle": _cycle,
    "colliding keys": _colliding_keys,
    "100,000 copies of a dictionary": lambda: _copies(
        "collections", "OrderedDict", value(dict.fromkeys(range(5000)), 2)
    ),
    "100,000 copies of a list": lambda: _copies("builtins", "set", value(list(range(5000)), 2)),
    "100,000 copies of a text": lambda: _copies("_codecs", "encode", value("x" * 100_000, 2)),
    "100,000 copies of a path": lambda: _copies("pathlib", "PosixPath", value("x" * 100_000, 2)),
    "a path that doubles": lambda: _doubling("pathlib", "PosixPath"),
    "a device that doubles": lambda: _doubling("torch", "device"),
    "lists of 30,000 lists": _wide_lists,
    "20,000 entries of 400": _many_names,
    "500,000 short lines": _many_lines,
    "a key of 10^12 parts": _wide_key,
    "a shape of a million dimensions": _wide_arguments,
    "a list in itself": _dup_list,
    "memo slot 2^31": _memo_slot,
    "PUT 10^9": lambda: code.zipped(whole(b"Np999999999\n", 0)),
    "3 GB in 3 MB": _deflated_record,
    "deflated data.pkl": _deflated_pickle,
    "overlapping entries": _overlapping,
    "1.6 million empty tensors": _million_empty_tensors,
    **_large_counts(),
}
