"""Our description of a version inside an ONNX file, read and written without reading the graph.

An ONNX file is one protobuf message (``ModelProto``), and protobuf lets fields follow each other in any order. Ours are
the last two entries of ``metadata_props``: the description, and the SHA-256 of everything before it and of itself. Any
program that reads ONNX reads such a file; one that writes it anew breaks the seal. Our entries have their value before
their key, which nobody else writes: so a file that another program changed is told from one that is damaged.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from mpt_studio.errors import UserError

Inside = Literal["inside", "outside"]
"""Where the preprocessing of a graph that we write is."""
OPSETS = range(18, 24)
"""Of such a graph: what PyTorch writes and ONNX Runtime was tried with. The first, which most runtimes read, is the
default.
"""
KEY = "mpt_studio"
SEAL = "mpt_studio_sha256"
_OURS = (KEY.encode(), SEAL.encode())
_METADATA = 14
"""Number of ``ModelProto.metadata_props``; of its entries, 1 is the key and 2 the value."""
_VALUE_FIRST = bytes([2 << 3 | 2])
_MOST_FIELDS = 100_000
_LONGEST_TEXT = 16 << 20


class MalformedError(ValueError):
    """Not a protobuf message."""


@dataclass(frozen=True)
class _Field:
    number: int
    begin: int
    end: int
    """Where the field begins and ends in the file."""
    length: int
    """Bytes of its content; 0 where it is a number."""


def looks_like_onnx(head: bytes) -> bool:
    """Whether a file's first bytes are those of a message that begins with a small version number."""
    return len(head) > 8 and head[0] == 0x08 and head[8] != ord("{")


def read_header(path: Path) -> str | None:
    """The description in an ONNX file as JSON text, or None where there is none of ours.

    Raises ``UserError`` for a file that is no complete protobuf message. The seal is not checked: that reads all of
    the file; see ``is_sealed``.
    """
    try:
        with path.open("rb") as stream:
            return _text_in(stream, path.stat().st_size)
    except (MalformedError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is a damaged or incomplete ONNX file ({error}); use another copy.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from None


def sealed(graph: bytes, text: str) -> bytes:
    """An ONNX file's bytes, without an earlier description of ours, with this one and a seal."""
    described = without_header(graph) + _entry(KEY, text)
    return described + _entry(SEAL, hashlib.sha256(described).hexdigest())


def is_sealed(content: bytes) -> bool:
    """Whether the file is byte for byte as ``sealed`` made it."""
    described = content[: -len(_entry(SEAL, "0" * 64))]
    return content[len(described) :] == _entry(SEAL, hashlib.sha256(described).hexdigest())


def is_broken(content: bytes) -> bool:
    """Whether ``sealed`` made the file and it is not the same any more. Raises ``MalformedError``."""
    stream = io.BytesIO(content)
    entries = [_entry_bytes(stream, field) for field in _fields(stream, len(content))]
    return any(entry[:1] == _VALUE_FIRST for entry in entries) and not is_sealed(content)


def without_header(content: bytes) -> bytes:
    """The file without our entries. Raises ``MalformedError``."""
    stream = io.BytesIO(content)
    ours = [field for field in _fields(stream, len(content)) if _key_and_value(stream, field)[0] in _OURS]
    begins, ends = [0, *(field.end for field in ours)], [*(field.begin for field in ours), len(content)]
    return b"".join(content[begin:end] for begin, end in zip(begins, ends, strict=True))


def _text_in(stream: BinaryIO, size: int) -> str | None:
    found = None
    for field in _fields(stream, size):
        key, value = _key_and_value(stream, field)
        found = value if key == KEY.encode() else found
    return None if found is None else found.decode()


def _key_and_value(stream: BinaryIO, field: _Field) -> tuple[bytes, bytes]:
    """Of an entry of the metadata; empty for other fields."""
    entry = _entry_bytes(stream, field)
    found = {part.number: entry[part.end - part.length : part.end] for part in _fields(io.BytesIO(entry), len(entry))}
    return found.get(1, b""), found.get(2, b"")


def _entry_bytes(stream: BinaryIO, field: _Field) -> bytes:
    if field.number != _METADATA or field.length > _LONGEST_TEXT:
        return b""
    stream.seek(field.end - field.length)
    return stream.read(field.length)


def _fields(stream: BinaryIO, size: int) -> Iterator[_Field]:
    """The message's fields in order."""
    end = 0
    for _ in range(_MOST_FIELDS):
        if end == size:
            return
        stream.seek(end)
        tag, begin = _number(stream), end
        length = _length(stream, tag & 7)
        end = stream.tell() + length
        if end > size or tag < 8:
            raise MalformedError("a field ends after the file")
        yield _Field(tag >> 3, begin, end, length)
    raise MalformedError("too many fields")


def _length(stream: BinaryIO, kind: int) -> int:
    """Bytes of a field's content that are not read yet."""
    if kind == 0:
        _number(stream)
        return 0
    if kind == 2:
        return _number(stream)
    if kind in (1, 5):
        return 8 if kind == 1 else 4
    raise MalformedError("an unknown kind of field")


def _number(stream: BinaryIO) -> int:
    """A variable-length whole number: seven bits a byte, lowest first."""
    value = 0
    for place in range(10):
        byte = stream.read(1)
        if not byte:
            raise MalformedError("it ends in the middle of a number")
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise MalformedError("a number that is too long")


def _entry(key: str, value: str) -> bytes:
    return _text(_METADATA, _text(2, value.encode()) + _text(1, key.encode()))


def _text(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])
