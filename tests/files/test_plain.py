"""Files are read without ever waiting for one."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from mpt_studio.files.plain import NotAFile, digest_of, json_in, member, read, sha256_of


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


def test_that_hashing_ends_where_somebody_cancels_and_reads_no_more_than_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(NotAFile, match="larger than"):
        sha256_of(tmp_path / "file", most=2)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sha256_of(tmp_path / "file", stop)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the system as files")
def test_that_the_system_s_own_files_are_none() -> None:
    with pytest.raises(NotAFile, match="a part of the system"):
        read(Path("/proc/self/pagemap"))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_that_a_member_of_a_folder_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_text("")
    (tmp_path / "in" / "own").write_text("")
    (tmp_path / "in" / "link").symlink_to("own")
    (tmp_path / "in" / "leak").symlink_to(tmp_path / "out")
    assert member(tmp_path / "in", "link") == tmp_path / "in" / "link"
    with pytest.raises(NotAFile, match="leak is a link that leaves the folder"):
        member(tmp_path / "in", "leak")


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": ' + 100_000 * "[", "\ud800"])
def test_that_what_is_no_object_of_json_is_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, "utf-8", "surrogatepass")
    assert json_in(path) == {}
    path.write_text('{"a": 1}', "utf-8")
    assert json_in(path) == {"a": 1}
    assert json_in(path, 3) == json_in(tmp_path / "none.json") == {}
