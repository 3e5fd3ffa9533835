"""Pickles and PyTorch containers put together opcode by opcode: the ``pickle`` module would not write these."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from typing import Any


class Code(bytes):
    """Opcodes that leave one value on the stack."""


def value(content: Any, protocol: int) -> Code:
    """Opcodes for plain values, and for ``Code`` inside them."""
    if isinstance(content, Code):
        return content
    if content is None:
        return Code(b"N")
    if isinstance(content, bool):
        return Code(b"I01\n" if content else b"I00\n")
    if isinstance(content, int):
        return Code(b"I%d\n" % content)
    if isinstance(content, float):
        return Code(b"F%r\n".replace(b"%r", repr(content).encode()))
    if isinstance(content, str):
        return _text(content, protocol)
    if isinstance(content, bytes):
        return _bytes(content, protocol)
    return _container(content, protocol)


def _text(content: str, protocol: int) -> Code:
    if protocol == 0:
        return Code(b"V" + content.encode("raw-unicode-escape").replace(b"\n", b"\\u000a") + b"\n")
    raw = content.encode("utf-8", "surrogatepass")
    return Code(b"X" + struct.pack("<I", len(raw)) + raw)


def _bytes(content: bytes, protocol: int) -> Code:
    if protocol >= 3:
        return Code(b"B" + struct.pack("<I", len(content)) + content)
    return call("_codecs", "encode", (content.decode("latin1"), "latin1"), protocol)


def _container(content: Any, protocol: int) -> Code:
    if isinstance(content, dict):
        pairs = b"".join(value(part, protocol) for pair in content.items() for part in pair)
        return Code(b"(" + pairs + b"d")
    items = b"".join(value(item, protocol) for item in content)
    return Code(b"(" + items + (b"t" if isinstance(content, tuple) else b"l"))


def named(module: str, name: str, protocol: int) -> Code:
    """A global: GLOBAL up to protocol 3, STACK_GLOBAL from 4 on."""
    if protocol < 4:
        return Code(b"c" + module.encode() + b"\n" + name.encode() + b"\n")
    return Code(value(module, protocol) + value(name, protocol) + b"\x93")


def apply(function: Code, arguments: Any, protocol: int) -> Code:
    return Code(function + value(arguments, protocol) + b"R")


def call(module: str, name: str, arguments: Any, protocol: int) -> Code:
    return apply(named(module, name, protocol), arguments, protocol)


def whole(code: bytes, protocol: int) -> bytes:
    """A pickle of its own."""
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + code + b"."


# -- PyTorch's containers --------------------------------------------------------------------------------------------


def storage(key: Any, numbers: Any, kind: str = "FloatStorage", protocol: int = 2, old: bool = False) -> Code:
    """The persistent id by which a pickle names a storage: kind, record, place, count; ``old`` files add a view."""
    identity = ("storage", named("torch", kind, protocol), key, "cpu", numbers, *((None,) if old else ()))
    return Code(value(identity, max(protocol, 1)) + b"Q")


def tensor(
    place: Code, shape: tuple[Any, ...], stride: tuple[Any, ...], offset: Any = 0, protocol: int = 2, hooks: Any = None
) -> Code:
    """A tensor as ``torch.save`` writes it."""
    hooks = call("collections", "OrderedDict", (), protocol) if hooks is None else hooks
    return call("torch._utils", "_rebuild_tensor_v2", (place, offset, shape, stride, False, hooks), protocol)


def weights(protocol: int = 2, name: str = "fc.weight", old: bool = False) -> dict[str, Code]:
    """A state dict of one sound tensor of four numbers, in record 0."""
    return {name: tensor(storage("0", 4, protocol=protocol, old=old), (2, 2), (2, 1), protocol=protocol)}


RECORD = struct.pack("<4f", 1, 2, 3, 4)
"""The numbers of ``weights``."""


def zipped(pickled: bytes, records: dict[str, bytes] | None = None, more: dict[str, bytes] | None = None) -> bytes:
    """A file as today's ``torch.save`` writes it: a zip of stored records."""
    entries = {"data.pkl": pickled, "byteorder": b"little", **(more or {})}
    entries |= {f"data/{key}": content for key, content in ({"0": RECORD} if records is None else records).items()}
    return stored_zip({f"archive/{name}": content for name, content in (entries | {"version": b"3\n"}).items()})


def stored_zip(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def legacy(pickled: bytes, records: dict[str, bytes] | None = None) -> bytes:
    """A file as ``torch.save`` wrote it before 1.6: five pickles, then the storages with their counts."""
    storages = {"0": RECORD} if records is None else records
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    tail = b"".join(struct.pack("<q", len(content) // 4) + content for content in storages.values())
    return b"".join(parts) + pickled + pickle.dumps(sorted(storages), 2) + tail
