"""Threads that wait spin while the cores are ours, and sleep at once while others want them."""

import gc
import os
import subprocess
import sys
import threading

import pytest
import torch

from mpt_studio.data import open_dataset
from mpt_studio.engine import evaluate as evaluation
from mpt_studio.engine.machine import spinning
from mpt_studio.engine.machine.spinning import Spinning, _libraries, is_crowded

needs_gnu_openmp = pytest.mark.skipif(
    not _libraries() or not 1 < spinning._PROCESSORS <= spinning.MOST_PROCESSORS,
    reason="needs GNU's OpenMP and several processors",
)


@pytest.mark.parametrize(
    ("cores", "threads", "expected"),
    [
        (2.0, 2, False),
        (1.7, 2, False),  # the window paints
        (1.65, 2, True),
        (4 / 3, 2, True),  # one more busy thread
        (7.6, 8, False),
        (7.5, 8, True),
        (0.5, 1, False),  # nobody waits for another
    ],
)
def test_that_cores_are_crowded_from_half_a_busy_thread_on(cores, threads, expected):
    assert is_crowded(cores, threads) is expected


SHARED_CORE = """
import os, time
from mpt_studio.engine.machine import before_torch
before_torch.WAITING["GOMP_SPINCOUNT"] = "300000000000"  # minutes, so that spinning shows
os.environ.update(before_torch.WAITING)
import torch
from mpt_studio.engine.machine import spinning

torch.set_num_threads(2)
values = torch.ones(1 << 20)
steps = spinning.Spinning(torch.device("cpu"))

def compute(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with steps:
            values.add_(1)

def computed_while_idle():
    time.sleep(0.3)  # a thread that ends takes its idle ones with it a little later
    values.add_(1)
    before = time.process_time()
    time.sleep(0.4)
    return time.process_time() - before

def share_one_core():
    for thread in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(thread), {min(os.sched_getaffinity(0))})
        except ProcessLookupError:
            pass

values.add_(1)  # its threads are there before they share a core
share_one_core()
while not steps.asleep:
    compute(spinning.SECONDS_MEASURED / 4)
print(computed_while_idle())
while steps.asleep:
    compute(spinning.SECONDS_MEASURED / 4)
print(computed_while_idle())
"""


@needs_gnu_openmp
def test_that_threads_sleep_at_once_beside_others_and_spin_again_after_a_while():
    """They wait for 0.4 s; on the shared core the one that spins has it alone."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    command = [sys.executable, "-c", SHARED_CORE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=usual, timeout=300)
    asleep, spinning_again = map(float, done.stdout.split())
    assert asleep < 0.05
    assert spinning_again > 0.05


@pytest.fixture
def crowded(monkeypatch) -> None:
    """As if others had our cores, from the first piece of computing on."""
    monkeypatch.setattr(spinning, "SECONDS_MEASURED", 0.0)
    monkeypatch.setattr(spinning, "_is_ours", lambda: True)
    monkeypatch.setattr(spinning, "is_crowded", lambda *_: True)
    monkeypatch.setattr(spinning, "_PROCESSORS", 2)


def kept_threads() -> list[threading.Thread]:
    gc.collect()
    return [thread for thread in threading.enumerate() if thread.name == "keeps idle threads"]


def test_that_idle_threads_are_kept_until_the_end(crowded):
    steps = Spinning(torch.device("cpu"))
    with steps:
        pass
    assert steps.asleep
    assert len(kept_threads()) == 1
    steps.end()
    assert not steps.asleep
    assert not kept_threads()


def test_that_threads_sleep_longer_each_time_until_the_cores_are_ours(crowded, monkeypatch):
    now = 0.0
    monkeypatch.setattr(spinning.time, "monotonic", lambda: now)
    steps = Spinning(torch.device("cpu"))

    def asleep_after(seconds: float) -> bool:
        nonlocal now
        now += seconds
        with steps:
            now += 0.001
        return steps.asleep

    assert asleep_after(0)
    for seconds in (0.5, 1.0, 2.0, 4.0, 8.0, 8.0):
        assert asleep_after(seconds - 0.1)
        assert not asleep_after(0.2)  # tries
        assert asleep_after(0)
    assert not asleep_after(8.1)
    monkeypatch.setattr(spinning, "is_crowded", lambda *_: False)
    assert not asleep_after(1)
    monkeypatch.setattr(spinning, "is_crowded", lambda *_: True)
    assert asleep_after(0)
    assert not asleep_after(0.6)


def test_that_another_device_one_processor_or_the_users_own_setting_is_left_alone(crowded, monkeypatch):
    others = [Spinning(torch.device("cuda"))]
    for name, value in (("_PROCESSORS", 1), ("_PROCESSORS", 65), ("_is_ours", lambda: False)):
        with monkeypatch.context() as patch:
            patch.setattr(spinning, name, value)
            others.append(Spinning(torch.device("cpu")))
    for steps in others:
        with steps:
            pass
        assert not steps.asleep


def test_that_a_setting_of_the_users_is_seen(monkeypatch):
    for name, value in spinning.WAITING.items():
        monkeypatch.setenv(name, value)
    assert spinning._is_ours()
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert not spinning._is_ours()


def test_that_a_training_that_is_left_early_leaves_no_idle_threads(crowded, make):
    events = make().fit()
    assert any(kept_threads() for _ in events)
    events.close()
    assert not kept_threads()


def test_that_an_evaluation_that_is_left_early_leaves_no_idle_threads(crowded):
    dataset = open_dataset("builtin")
    batches = evaluation.pixel_batches(dataset, dataset.part("train")[:1200], 32, torch.device("cpu"))
    next(batches)
    next(batches)
    assert kept_threads()
    batches.close()
    assert not kept_threads()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "7f00-7f01 r-xp 0000 08:01 12   /there is/no such place/libgomp.so.1",
        "7f00-7f01 r-xp 0000 08:01 12   /usr/lib/libgomp.so.1 (deleted)",
        "7f00-7f01 r-xp 0000 08:01 12   /usr/lib/libgomp-plugin-nvptx.so.1",
        "7f00-7f01 rw-p 0000 00:00 0",
    ],
)
def test_that_a_library_that_cannot_be_found_is_no_error(line, tmp_path):
    maps = tmp_path / "maps"
    maps.write_text(line)
    assert _libraries(maps) == []
    assert _libraries(tmp_path / "none") == []


@needs_gnu_openmp
def test_that_a_library_in_a_folder_with_spaces_is_found(tmp_path):
    here = _libraries()[0]._name
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "libgomp.so.1").symlink_to(here)
    maps = tmp_path / "maps"
    maps.write_text(f"7f00-7f01 r-xp 0000 08:01 12   {folder}/libgomp.so.1\n")
    assert [library._name for library in _libraries(maps)] == [f"{folder}/libgomp.so.1"]
