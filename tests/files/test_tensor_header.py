"""Headers of .safetensors files: sound ones are read as they are, others refused before any library sees them."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from mpt_studio.checkpoint import HEADER_KEY, Checkpoint, Preprocessing, check_content
from mpt_studio.errors import UserError
from mpt_studio.files.tensor_header import Place, Unreadable, content_sha256, parse_header, read_header

PREPROCESSING = Preprocessing(image_size=8, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def header(values: Any) -> bytes:
    return (values if isinstance(values, str) else json.dumps(values)).encode()


def tensor(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def parsed(values: Any, body: int) -> Any:
    text = header(values)
    return parse_header(text, 8 + len(text) + body)


def test_that_a_sound_header_is_read_as_it_is() -> None:
    found = parsed({"__metadata__": {"a": "b"}, "w": tensor([2, 3], 0, 24), "none": tensor([0], 24, 24)}, 24)
    start = 8 + len(found.text)
    assert found.metadata == {"a": "b"}
    assert found.places == {
        "w": Place("F32", (2, 3), start, start + 24),
        "none": Place("F32", (0,), start + 24, start + 24),
    }


@pytest.mark.parametrize(
    ("values", "body", "reason"),
    [
        ("[]", 0, "no JSON object"),
        ("{", 0, "no JSON"),
        ('{"a":{},"a":{}}', 0, "twice"),
        ('{"a":' + "[" * 100_000, 0, "no JSON"),
        ('{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', 4, "a number in it is none"),
        ({"w": tensor([1], 0, 4) | {"more": 1}}, 4, "not described as it should be"),
        ({"w": tensor([1], 0, 4, "F31")}, 4, "type that is not read"),
        ({"w": tensor([True], 0, 4)}, 4, "no list of sizes"),
        ({"w": tensor([-1], 0, 4)}, 4, "no list of sizes"),
        ({"w": tensor([2], 0, 4)}, 4, "another size than its data"),
        ({"w": tensor([1 << 60, 1 << 60], 0, 4)}, 4, "another size than its data"),
        ({"w": tensor([2], 0, 8)}, 4, "another size than its data"),
        ({"a": tensor([1], 0, 4), "b": tensor([1], 0, 4)}, 4, "overlap or leave holes"),
        ({"a": tensor([1], 4, 8)}, 8, "overlap or leave holes"),
        ({"a": tensor([1], 0, 4)}, 8, "its length is not that"),
        ({"\x00": tensor([1], 0, 4)}, 4, "odd name"),
        ({"__metadata__": {"a": 1}}, 0, "metadata are no texts"),
        ('{"a":' + "{}," * 300_000, 0, "more than 100,000 tensors"),
    ],
)
def test_that_an_unsound_header_is_refused_with_the_reason(values: Any, body: int, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parsed(values, body)


@given(st.binary(max_size=200))
def test_that_no_bytes_raise_anything_else(text: bytes) -> None:
    for body in (0, 4):
        with contextlib.suppress(Unreadable):
            parse_header(text, 8 + len(text) + body)


def test_that_a_header_longer_than_its_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    with pytest.raises(Unreadable, match="cut short"):
        read_header(path)


@pytest.mark.parametrize("metadata", [{HEADER_KEY: '{"ä": "\\n\\u0007 \x7f"}'}, {"other": "1e-05"}])
def test_that_what_the_library_writes_is_canonical_and_nothing_else(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"w": np.zeros(3, np.float32), "b": np.zeros((), np.int64)}, path, metadata=metadata)
    found = read_header(path)
    assert found.is_canonical()
    spaced = found.text.replace(b'"shape":[3]', b'"shape": [3]')
    assert not parse_header(spaced, path.stat().st_size + 1).is_canonical()


def test_that_the_checksum_is_the_one_that_the_engine_writes(tmp_path: Path) -> None:
    import torch

    from mpt_studio.engine.networks.weights import content_hash, save_network

    tensors = {"w": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3), "h": torch.ones(5).bfloat16()}
    path = tmp_path / "x.safetensors"
    described = Checkpoint(architecture="small", small_stem=True, class_names=("a",), preprocessing=PREPROCESSING)
    save_network(path, tensors, described)
    assert content_sha256(path, read_header(path).places, {"a": 1}) == content_hash(tensors, {"a": 1})
    check_content(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="does not match its checksum"):
        check_content(path)
