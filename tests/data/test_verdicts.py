"""Odd files among good ones: each is listed with its reason or counts, and the others do not notice."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from odd_files import bad_files, good_odd_files
from PIL import Image

from mpt_studio.data import decode, open_dataset
from mpt_studio.files import plain

GOOD = 1000


def fill(root: Path, per_class: int) -> None:
    """Two classes in two parts, a fifth of them for the test."""
    for c, name in enumerate(("round", "square")):
        for part in ("train", "test"):
            (root / part / name).mkdir(parents=True)
        for i in range(per_class):
            pixels = np.full((8, 8, 3), (i % 256, i // 256, 100 * c), dtype=np.uint8)
            place = root / ("test" if i % 5 == 0 else "train") / name / f"{i:04d}.png"
            Image.fromarray(pixels).save(place, compress_level=1)


@pytest.mark.parametrize(("name", "content", "reason"), list(bad_files()), ids=[name for name, _, _ in bad_files()])
def test_that_a_bad_file_is_refused_with_its_reason_at_once(name: str, content: bytes, reason: str) -> None:
    began = time.process_time()
    with pytest.raises(decode.BadImage) as caught:
        decode.check(content)
    assert str(caught.value).startswith(reason)
    assert str(caught.value).isprintable()
    assert time.process_time() - began < 10


@pytest.mark.parametrize(("name", "content"), list(good_odd_files()), ids=[name for name, _ in good_odd_files()])
def test_that_an_unusual_file_counts(name: str, content: bytes) -> None:
    height, width, _ = decode.decode(content).shape
    assert decode.check(content) == (width, height)


def test_that_exactly_the_bad_ones_among_a_thousand_good_files_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, GOOD // 2)
    before = open_dataset(f"folder:{tmp_path}")
    bad = list(bad_files())
    for i, (name, content, _) in enumerate(bad):
        part, class_name = ("train", "test")[i % 2], ("round", "square")[i // 2 % 2]
        (tmp_path / part / class_name / f"bad_{name}").write_bytes(content)
    data = open_dataset(f"folder:{tmp_path}")
    found = {s.sample_id.rpartition("/bad_")[2]: s.reason for s in data.skipped}
    assert len(bad) >= 60
    assert found.keys() == {name for name, _, _ in bad}
    assert [name for name, _, reason in bad if not found[name].startswith(reason)] == []
    assert len(data) == GOOD
    assert data.fingerprint == before.fingerprint


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_that_a_file_that_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    data = open_dataset(f"folder:{tmp_path}")
    file = data.file_of(0)
    assert file is not None
    file.unlink()
    os.mkfifo(file)
    said: list[BaseException] = []

    def look() -> None:
        try:
            data.image(0)
        except BaseException as error:
            said.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert "a pipe, not a file" in str(said[0])


def test_that_a_file_that_the_system_refuses_is_looked_at_again_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 10)
    read = plain.read

    def refusing(path: Path) -> bytes:
        if path.name == "0001.png" and path.parent.name == "round":
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path)

    monkeypatch.setattr(plain, "read", refusing)
    assert [s.reason for s in open_dataset(f"folder:{tmp_path}").skipped] == ["Permission denied"]
    monkeypatch.undo()
    assert open_dataset(f"folder:{tmp_path}").skipped == ()


def test_that_nothing_is_written_beside_the_images(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    before = sorted((str(p), p.stat().st_mtime_ns) for p in tmp_path.rglob("*"))
    data = open_dataset(f"folder:{tmp_path}")
    data.batch(data.test, 8)
    assert sorted((str(p), p.stat().st_mtime_ns) for p in tmp_path.rglob("*")) == before
