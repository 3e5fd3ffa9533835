"""A file is what its first bytes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.engine.intake.opened import opened
from mpt_studio.engine.intake.sniff import LEGACY_MAGIC, kind_of
from mpt_studio.errors import UserError


def kind(folder: Path, content: bytes) -> str:
    (folder / "no name says it").write_bytes(content)
    with opened(folder / "no name says it") as file:
        return kind_of(file)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04rest", "zip"),
        (b"\x80\x02\x8a\x0a" + LEGACY_MAGIC + b".", "legacy"),
        (b"\x02\0\0\0\0\0\0\0{}", "safetensors"),
        (b' {"weight_map": {}}', "index"),
        (b"\x08\x09\x12\x00", "no kind of weights"),
        (b"\x08\x09\x12\x00\x1a", "onnx"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\x1f\x8b\x08", "packed with gzip"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
    ],
)
def test_that_the_first_bytes_decide(content: bytes, expected: str, tmp_path: Path) -> None:
    if expected in ("zip", "legacy", "safetensors", "index", "onnx"):
        assert kind(tmp_path, content) == expected
    else:
        with pytest.raises(UserError, match=expected):
            kind(tmp_path, content)
