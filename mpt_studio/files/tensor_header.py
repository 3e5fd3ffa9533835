"""The header of a ``.safetensors`` file, checked strictly before anything else reads it.

A file is eight bytes (the header's length, little end first), the header (JSON), and the tensors' bytes. Checked are
length, size, depth and number of entries, double keys, types, shapes, and that the tensors' bytes follow one another
without holes and fill the file. Nothing here grows beyond the header itself.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 64 << 20
MOST_TENSORS = 100_000
MOST_DIMENSIONS = 32
MOST_NAME = 400
METADATA = "__metadata__"
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64,
    "F8_E4M3": 8, "F8_E5M2": 8, "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
}  # fmt: skip
"""Bits of one element by the format's name of its type."""
TORCH_NAMES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
    "I64": "int64", "U64": "uint64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F16": "float16",
    "BF16": "bfloat16", "F32": "float32", "F64": "float64", "C64": "complex64",
}  # fmt: skip
"""What torch calls the types."""
_PIECE = 8 << 20
_FIELDS = {"dtype", "shape", "data_offsets"}
_COUNTED = b'"data_offsets"'


class Unreadable(ValueError):  # noqa: N818 - becomes a sentence where the file is known
    """Not a sound header; the message is the end of a sentence that begins with the file's name."""


@dataclass(frozen=True)
class Place:
    """One tensor of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    """In bytes, from the beginning of the file, as ``end``."""
    end: int


@dataclass(frozen=True)
class Header:
    """What a sound file says of itself."""

    metadata: dict[str, str]
    places: dict[str, Place]
    text: bytes
    """The JSON as it is in the file, with the blanks at its end."""

    def is_canonical(self) -> bool:
        """Whether the library that writes such files would write the very same bytes.

        So a bit that was flipped in the header shows even where the JSON still means the same.
        """
        values = json.loads(self.text)
        again = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        return self.text == again + b" " * (-len(again) % 8)


def read_header(path: Path) -> Header:
    """The header of a file. Raises ``Unreadable`` or ``OSError``."""
    with path.open("rb") as stream:
        size = path.stat().st_size
        start = stream.read(8)
        if len(start) < 8:
            raise Unreadable("is too short for a .safetensors file")
        length = int.from_bytes(start, "little")
        check_length(length, size)
        return parse_header(stream.read(length), size)


def check_length(length: int, size: int) -> None:
    """Refuse a header of ``length`` bytes in a file of ``size``. Raises ``Unreadable``."""
    if length + 8 > size:
        raise Unreadable("is cut short: its header is longer than the file; copy or download it again")
    if length > MOST_BYTES:
        raise Unreadable(f"has a header of {length >> 20} MB, which no checkpoint needs")


def parse_header(text: bytes, size: int) -> Header:
    """Check the JSON of a file of ``size`` bytes. Raises ``Unreadable``."""
    check_length(len(text), size)
    if (
        text.count(_COUNTED) > MOST_TENSORS
        or text.count(b"{") > 2 * MOST_TENSORS
        or text.count(b",") > 10 * MOST_TENSORS
    ):
        raise Unreadable(f"announces more than {MOST_TENSORS:,} tensors, which no checkpoint has")
    values = _json(text)
    metadata = values.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Unreadable("has a damaged header: its metadata are no texts")
    places = {name: _place(name, entry, len(text) + 8, size) for name, entry in values.items()}
    _check_cover(places, len(text) + 8, size)
    return Header(metadata, places, text)


def _json(text: bytes) -> dict[str, Any]:
    if text[:1] != b"{":
        raise Unreadable("has a damaged header: it is no JSON object")
    try:
        values = json.loads(text.rstrip(b" ").decode("utf-8"), object_pairs_hook=_single, parse_constant=_no_constant)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("has a damaged header: it is no JSON; copy or download it again") from None
    if not isinstance(values, dict):
        raise Unreadable("has a damaged header: it is no JSON object")
    return values


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unreadable("has a damaged header: a name is in it twice")
    return made


def _no_constant(name: str) -> Any:
    raise Unreadable("has a damaged header: a number in it is none")


def _place(name: str, entry: Any, start: int, size: int) -> Place:
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise Unreadable("has a tensor with an odd name, which no network has")
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        raise Unreadable("has a damaged header: a tensor is not described as it should be")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise Unreadable("has a tensor of a type that is not read; save it as float32")
    if not _are_sizes(shape, MOST_DIMENSIONS) or not _are_sizes(offsets, 2) or len(offsets) != 2:
        raise Unreadable("has a damaged header: a shape or a place is no list of sizes")
    elements = 1
    for length in shape:
        elements *= length
    begin, end = offsets
    if end - begin != elements * BITS[dtype] // 8 or start + end > size:
        raise Unreadable("announces a tensor of another size than its data; it is damaged or made to deceive")
    return Place(dtype, tuple(shape), start + begin, start + end)


def _are_sizes(values: Any, most: int) -> bool:
    if not isinstance(values, list) or len(values) > most:
        return False
    return all(type(value) is int and 0 <= value < 1 << 62 for value in values)


def _check_cover(places: dict[str, Place], start: int, size: int) -> None:
    """Tensors follow one another without holes from the header's end to the file's."""
    at = start
    for place in sorted(places.values(), key=lambda p: (p.start, p.end)):
        if place.start != at:
            raise Unreadable("is damaged: its tensors overlap or leave holes; copy or download it again")
        at = place.end
    if at != size:
        raise Unreadable("is damaged: its length is not that of its tensors; copy or download it again")


def content_sha256(path: Path, places: dict[str, Place], values: dict[str, Any]) -> str:
    """Hex SHA-256 over names, types, shapes and bytes of the tensors, and over plain values, as our files carry it."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    with path.open("rb") as stream:
        for name in sorted(places):
            place = places[name]
            digest.update(f"{name} torch.{TORCH_NAMES[place.dtype]} {place.shape}\n".encode())
            stream.seek(place.start)
            for at in range(place.start, place.end, _PIECE):
                digest.update(stream.read(min(_PIECE, place.end - at)))
    return digest.hexdigest()
