"""A training whose disk takes nothing any more waits, says so, and ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.events import Ended, Note, Paused
from mpt_studio.recipe import Recipe, Training
from mpt_studio.store import Run, Store, control

from .test_kill_and_resume import assert_same

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")

SETTINGS = Training(epochs=4, limit_train=480, batch_size=48, save_every_seconds=0.1, device="cpu", precision="fp32")
RECIPE = Recipe(data="builtin", role="old", training=SETTINGS)
Switch = Callable[[int, bool], None]
"""Makes the disk of a process full (True), or gives it room again."""


def limit_files(process: int, is_full: bool, size: int = 0) -> None:
    """No file of the process may grow beyond ``size``; its parent decides from outside."""
    most = resource.RLIM_INFINITY
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size if is_full else most, most))


def allow_small_files(process: int, is_full: bool) -> None:
    """Events and records fit, weights and states do not: as on most full disks."""
    limit_files(process, is_full, 100_000)


def started(run: Run, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mpt_studio", "resume", run.id, "--store", str(run.folder.parents[1])]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output)


def wait_for(what: Callable[[], object], process: subprocess.Popen[bytes], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, "the trainer ended"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that nothing happened to."""
    session, dataset = jobs.Session(Store(tmp_path_factory.mktemp("whole"))), open_dataset("builtin")
    return jobs.train(session, jobs.start_train(session.store, RECIPE, dataset).id, dataset)


def run_through(run: Run, switch: Switch, moments: random.Random, log: Path) -> Run:
    """The run, whose disk is full for a while: until it says that it waits, where it can say so."""
    store, process = Store(run.folder.parents[1]), started(run, log)
    size = run.events_path.stat().st_size
    wait_for(lambda: run.events_path.stat().st_size > size, process)
    time.sleep(moments.uniform(0, 0.3))
    switch(process.pid, True)
    until = time.monotonic() + (moments.uniform(2, 6) if switch is limit_files else 20)
    while not has_told(store.run(run.id), log) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    switch(process.pid, False)
    assert process.wait(300) == 0, log.read_text()
    return store.run(run.id)


def has_told(run: Run, log: Path) -> bool:
    """That it waits: on the disk, or where not even that fits, on the terminal."""
    return run.outcome == "paused" or "Training waits" in log.read_text()


def new_run(root: Path) -> Run:
    return jobs.start_train(Store(root), RECIPE, open_dataset("builtin"))


@pytest.mark.parametrize("switch", [pytest.param(limit_files, marks=pytest.mark.slow), allow_small_files])
def test_that_a_training_waits_while_nothing_can_be_written(switch: Switch, expected: Run, tmp_path: Path) -> None:
    run = run_through(new_run(tmp_path), switch, random.Random(1), tmp_path / "log.txt")
    assert_same(expected, run)
    if switch is allow_small_files:
        began, over = (event for event in run.events() if isinstance(event, Paused))
        assert [(event.paused, event.by_disk) for event in (began, over)] == [(True, True), (False, True)]
        assert over.time - began.time > 1  # what was waited counts as a pause: "took" and "time left" leave it out
        assert any("Training waits" in event.text for event in run.events() if isinstance(event, Note))


@pytest.mark.slow
def test_that_a_training_survives_twenty_full_disks(expected: Run, tmp_path: Path) -> None:
    waited = 0
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        switch = (limit_files, allow_small_files)[number % 2]
        run = run_through(new_run(folder), switch, random.Random(number), folder / "log.txt")
        assert_same(expected, run)
        waited += any(isinstance(event, Paused) for event in run.events())
    assert waited >= 15


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    at.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(at)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(disk: Path, is_full: bool) -> None:
    if not is_full:
        return (disk / "other").unlink()
    with (disk / "other").open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"x" * 4096):
            pass


def test_that_a_training_on_a_disk_that_others_fill_goes_on_when_there_is_room(expected: Run, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        log = tmp_path / "log.txt"
        run = run_through(new_run(disk / "store"), lambda _, is_full: fill(disk, is_full), random.Random(2), log)
        assert_same(expected, run)
        assert "There is no space left" in log.read_text()


@pytest.mark.slow
def test_that_a_training_goes_on_when_a_disk_is_no_longer_read_only(expected: Run, tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")

    def lock(_: int, is_full: bool) -> None:
        subprocess.run(["mount", "-o", f"remount,{'ro' if is_full else 'rw'}", str(disk)], check=True)

    with small_disk(run.folder / "checkpoints") as disk:  # nothing of it is open, so that it can be locked
        log = tmp_path / "log.txt"
        assert_same(expected, run_through(run, lock, random.Random(3), log))
        assert "is on a read-only disk" in log.read_text()


@pytest.mark.parametrize("command", ["cancel", pytest.param("interrupt", marks=pytest.mark.slow)])
def test_that_a_waiting_training_can_be_ended(command: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    long = dataclasses.replace(RECIPE, training=dataclasses.replace(SETTINGS, epochs=50))
    run, log = jobs.start_train(store, long, open_dataset("builtin")), tmp_path / "log.txt"
    process = started(run, log)
    size = run.events_path.stat().st_size
    wait_for(lambda: run.events_path.stat().st_size > size, process)
    allow_small_files(process.pid, True)
    wait_for(lambda: store.run(run.id).outcome == "paused", process)
    if command == "interrupt":
        os.kill(process.pid, signal.SIGTERM)
    else:
        control.send_command(run.folder, "cancel")
    assert process.wait(300) == (130 if command == "interrupt" else 0), log.read_text()
    assert store.run(run.id).outcome == ("interrupted" if command == "interrupt" else "cancelled")
    assert sum(isinstance(event, Ended) for event in run.events()) == 1


def test_that_a_training_interrupted_while_nothing_at_all_can_be_written_is_resumed_later(
    expected: Run, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    run, log = jobs.start_train(store, RECIPE, open_dataset("builtin")), tmp_path / "log.txt"
    process = started(run, log)
    wait_for(lambda: store.run(run.id).resume_states, process)
    limit_files(process.pid, True)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(300) == 130
    assert store.run(run.id).outcome == "interrupted"
    assert_same(expected, jobs.train(jobs.Session(store), run.id, open_dataset("builtin")))
