"""Files are read without ever waiting for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mpt_studio.files.plain import NotAFile, digest_of, read


def test_that_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert read(tmp_path / "file") == b"abc"
    assert digest_of(b"abc") != digest_of(b"abd")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_that_anything_else_is_refused_with_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    (tmp_path / "link").symlink_to("/dev/zero")
    for path, reason in (("pipe", "a pipe"), ("link", "a device"), (".", "a folder"), ("large", "larger than 1 MB")):
        with pytest.raises(NotAFile, match=reason):
            read(tmp_path / path, most=1 << 20)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "absent")
