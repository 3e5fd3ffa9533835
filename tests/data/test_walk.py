"""Trees of images as they are on disk: loops, pipes, copies that others made."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest
from odd_files import noise, packed

from mpt_studio.data import open_dataset

from .test_verdicts import fill


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes, sockets and links")
def test_that_loops_pipes_sockets_and_devices_cost_no_time_and_no_sample_comes_twice(tmp_path: Path) -> None:
    fill(tmp_path / "data", 10)
    place = tmp_path / "data" / "train" / "round"
    os.mkfifo(place / "pipe.png")
    os.symlink("/dev/zero", place / "endless.jpg")
    os.symlink(tmp_path, place / "everything")
    os.symlink("..", place / "up")
    os.symlink(tmp_path / "data" / "test", place / "leak")
    os.symlink(place / "0001.png", place / "again.png")
    os.symlink(tmp_path / "data" / "test" / "square" / "0000.png", place / "wrong class.png")
    for i in range(30):
        os.symlink(place, place / f"loop{i}")
    begun = time.process_time()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "s.png"))
        data = open_dataset(f"folder:{tmp_path / 'data'}")
    assert time.process_time() - begun < 2
    assert len(data) == 20
    assert {s.sample_id.removeprefix("train/round/"): s.reason for s in data.skipped} == {
        "pipe.png": "a pipe, not a file",
        "s.png": "a socket, not a file",
        "endless.jpg": "a device, not a file",
        "again.png": "a link to train/round/0001.png, which counts already",
        "wrong class.png": "a link to test/square/0000.png, which counts already",
    }
    assert any("is not followed" in note for note in data.notes)


def test_that_copies_of_file_servers_and_archivers_are_no_data(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    before = open_dataset(f"folder:{tmp_path}").fingerprint
    for hidden in ("@eaDir/0001.png", "__MACOSX", ".thumbs"):
        (tmp_path / "train" / "round" / hidden).mkdir(parents=True)
        (tmp_path / "train" / "round" / hidden / "small.png").write_bytes(packed(noise(), "PNG"))
    assert open_dataset(f"folder:{tmp_path}").fingerprint == before
