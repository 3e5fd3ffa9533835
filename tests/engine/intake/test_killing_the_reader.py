"""The reader is a process of its own: whatever becomes of it, the caller goes on and has a sentence to show."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
import torchvision

from mpt_studio import paths
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.jobs import read_weights as reading
from mpt_studio.jobs import reader_process
from mpt_studio.jobs.session import Session
from mpt_studio.store import Store


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    torch.save(torchvision.models.shufflenet_v2_x0_5(num_classes=3).state_dict(), path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No child and no half-made folder outlives a test."""
    before = _half_made()  # by a killed process of another test: the folder is everybody's
    yield
    assert _children() == []
    assert _half_made() <= before


def _half_made() -> set[Path]:
    return set((paths.cache_dir() / "versions").glob(".reading-*"))


def _children() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children(recursive=True) if "engine.reader" in " ".join(child.cmdline())
    ]


class Killer:
    """Does something to the child as soon as it is there."""

    def __init__(self, number: int) -> None:
        self.number, self.beats = number, 0

    def __call__(self, sentence: str, fraction: float | None) -> None:
        self.beats += 1
        for child in _children():
            child.send_signal(self.number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
def test_that_a_killed_reader_gives_a_sentence(weights: Path, store: Store, number: int) -> None:
    killer = Killer(number)
    with pytest.raises(UserError, match=r"^weights.pth was not read: .*damaged or needs too much memory\.$") as caught:
        reading.read_version(Session(store, show=killer), weights)
    assert len(str(caught.value)) <= 200
    assert killer.beats > 0


def test_that_the_file_can_be_read_again_after_a_kill(weights: Path, store: Store) -> None:
    with pytest.raises(UserError):
        reading.read_version(Session(store, show=Killer(signal.SIGKILL)), weights)
    assert reading.read_version(Session(store), weights).tensors > 100


def test_that_a_reader_that_hangs_is_ended_with_a_sentence(
    weights: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reader_process._SECONDS, "loading", 0.5)
    started = time.monotonic()
    with pytest.raises(UserError, match="took more than"):
        reading.read_version(Session(store, show=Killer(signal.SIGSTOP)), weights)
    assert time.monotonic() - started < 60  # what hangs does so for ever


def test_that_cancelling_kills_the_reader_at_once(weights: Path, store: Store) -> None:
    def cancel(sentence: str, fraction: float | None) -> None:
        if _children():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reading.read_version(Session(store, show=cancel), weights)


def test_that_an_interruption_kills_the_reader(weights: Path, store: Store) -> None:
    with pytest.raises(Interrupted):
        reading.read_version(Session(store, interrupted=lambda: bool(_children())), weights)


def test_that_the_caller_stays_responsive_while_a_file_is_read(weights: Path, store: Store) -> None:
    """Another thread of the caller, such as the window's, is never held up for long; other programs do not count."""
    gaps: list[float] = []
    done = threading.Event()

    def tick() -> None:
        last = time.process_time()
        while not done.wait(0.02):
            gaps.append(time.process_time() - last)
            last = time.process_time()

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        reading.read_version(Session(store), weights)
    finally:
        done.set()
        thread.join()
    assert len(gaps) > 10
    assert sorted(gaps)[len(gaps) * 9 // 10] < 0.25


def test_that_hashing_a_large_file_can_be_cancelled(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as stream:
        stream.write(b"\x40\0\0\0\0\0\0\0{")
        stream.truncate(900 << 20)
    with pytest.raises(Interrupted):
        reading.read_version(Session(store, interrupted=lambda: True), path)


def test_that_100_gigabytes_of_nothing_are_refused_at_once(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "nothing.pth"
    with path.open("wb") as stream:
        stream.truncate(100 << 30)
    with pytest.raises(UserError, match="zeros only"):
        reading.read_version(Session(store), path)


@pytest.mark.parametrize("name", ["a\0b.pth", "~nobody-of-this-name/x.pth", "x" * 300, ""])
def test_that_impossible_names_are_refused(store: Store, name: str) -> None:
    with pytest.raises(UserError) as caught:
        reading.read_version(Session(store), Path(name))
    assert str(caught.value).isprintable()


def test_that_a_pipe_is_not_waited_for(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "pipe.pth"
    os.mkfifo(path)
    with pytest.raises(UserError, match="pipe"):
        reading.read_version(Session(store), path)
