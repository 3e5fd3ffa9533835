"""What a file is by its first bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.files.opened import opened
from mpt_studio.files.sniff import check_looks, weights_kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04rest", "zip"),
        (b"\x02\0\0\0\0\0\0\0{}", "safetensors"),
        (b'{"weight_map": {}}', "index"),
        (b"\x08\x07\x12\x03abc", "onnx"),
    ],
)
def test_that_containers_are_known(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with opened(tmp_path / "file") as file:
        assert weights_kind(file) == kind


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<html>", "is a web page"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG image"),
        (b"\x1f\x8b", "is packed with gzip"),
        (b"hello", "is a text file"),
        (b"\x80\x04.", "is a plain Python pickle"),
    ],
)
def test_that_other_files_are_refused_in_a_whole_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(UserError, match=rf"^net\.pth {sentence}.*\.$"):
        check_looks(tmp_path / "net.pth")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_that_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.pth")
    with pytest.raises(UserError, match="is a pipe, not a file; name a file of weights"):
        check_looks(tmp_path / "net.pth")
