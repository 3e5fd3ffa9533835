"""Malformed safetensors files: an 8-byte length, a JSON header, and numbers."""

from __future__ import annotations

import json
import struct
from typing import Any

from hostile.case import Hostile, file

GROUP = "safetensors header"


def safetensors(header: str | bytes, body: bytes = b"", length: int | None = None) -> bytes:
    raw = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


def entry(shape: Any = (4,), offsets: Any = (0, 16), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


BODY = struct.pack("<4f", 1, 2, 3, 4)


def one(body: bytes = BODY, **tensors: Any) -> bytes:
    return safetensors(json.dumps(tensors), body)


def cases() -> list[Hostile]:
    made = [file(GROUP, name, content, ".safetensors") for name, content in _contents().items()]
    return [*made, file(GROUP, "metadata of 80 MB", _large_metadata, ".safetensors")]


def _large_metadata() -> bytes:
    return safetensors('{"__metadata__":{"a":"' + "x" * 80_000_000 + '"}}')


def _contents() -> dict[str, bytes]:
    sound = json.dumps({"a": entry()})
    return {**_lengths(sound), **_texts(sound), **_tensors()}


def _lengths(sound: str) -> dict[str, bytes]:
    return {
        "header longer than the file": safetensors(sound, BODY, 10_000),
        "header of 2^63": safetensors(sound, BODY, 1 << 63),
        "header of 2^64 - 1": safetensors(sound, BODY, (1 << 64) - 1),
        "header of 60 GB": safetensors(sound, BODY, 60 << 30),
        "header of 0": safetensors(sound, BODY, 0),
        "header cut short": safetensors(sound, BODY, len(sound) - 3),
        "seven bytes": b"\x08\0\0\0\0\0\0",
        "no data": safetensors(sound),
        "data too short": safetensors(sound, BODY[:15]),
        "data left over": safetensors(sound, BODY + b"\0"),
    }


def _texts(sound: str) -> dict[str, bytes]:
    twice = f'{{"a":{json.dumps(entry())},"a":{json.dumps(entry())}}}'
    return {
        "not JSON": safetensors("{hello}", BODY),
        "a list": safetensors("[]"),
        "a number": safetensors("7"),
        "text after the header": safetensors(sound + "x", BODY),
        "duplicate keys": safetensors(twice, BODY),
        "NaN": safetensors('{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,16]}}', BODY),
        "Infinity": safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,Infinity]}}', BODY),
        "1e2 as a size": safetensors('{"a":{"dtype":"F32","shape":[4e0],"data_offsets":[0,16]}}', BODY),
        "no UTF-8": safetensors(b'{"\xff\xfe":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', BODY),
        "half a surrogate pair": safetensors('{"\\ud800":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', BODY),
        "deep nesting": safetensors('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
        "deep metadata": safetensors('{"__metadata__":' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}"),
        "metadata that is a list": safetensors('{"__metadata__":[1,2]}'),
        "metadata of numbers": safetensors('{"__metadata__":{"a":7}}'),
        "tensor named __metadata__": one(__metadata__=entry()),
        "header of blanks": safetensors(" " * 4096, BODY),
        "byte order mark": safetensors(b"\xef\xbb\xbf" + sound.encode(), BODY),
        "no tensors": safetensors("{}"),
    }


def _tensors() -> dict[str, bytes]:
    return {
        "offsets overlap": one(a=entry(), b=entry((3,), (4, 16))),
        "two tensors on one place": one(a=entry(), b=entry()),
        "a hole": one(BODY + BODY, a=entry((2,), (0, 8)), b=entry((2,), (24, 32))),
        "out of range": one(a=entry((4,), (16, 32))),
        "far out of range": one(a=entry((1 << 60,), (0, 1 << 62))),
        "offsets reversed": one(a=entry((4,), (16, 0))),
        "negative offsets": one(a=entry((4,), (-16, 0))),
        "negative size": one(a=entry((-4,), (0, 16))),
        "shape overflows to 4": one(a=entry((1 << 62, 4, 4), (0, 16))),
        "shape overflows to 0": one(a=entry((1 << 32, 1 << 32), (0, 0)), body=b""),
        "shape beyond 64 bits": one(a=entry((1 << 70,), (0, 16))),
        "shape of 10,000 dimensions": one(a=entry((1,) * 10_000, (0, 4)), body=BODY[:4]),
        "shape and offsets differ": one(a=entry((5,), (0, 16))),
        "unknown type": one(a=entry(dtype="F31")),
        "type that is a list": one(a=entry(dtype=["F32"])),
        "type of half bytes": one(a=entry((3,), (0, 1), "F4"), body=b"\0"),
        "shape that is text": one(a=entry("4")),
        "three offsets": one(a=entry((4,), (0, 8, 16))),
        "no offsets": one(a={"dtype": "F32", "shape": [4]}),
        "an unknown field": one(a={**entry((5,)), "path": "../x"}),
        "a tensor that is null": one(a=None),
        "out of order, with a hole": one(b=entry((1,), (12, 16)), a=entry((2,), (0, 8))),
    }
