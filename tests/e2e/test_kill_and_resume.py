"""The trainer is killed with SIGKILL at 20 points, some of them while it saves, and loses nothing."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.events import Epoch
from mpt_studio.predictions import read_predictions
from mpt_studio.recipe import Recipe, Training
from mpt_studio.store import Run, Store

KILLS = 20
SETTINGS = Training(
    epochs=12, limit_train=1440, batch_size=96, learning_rate=0.05, save_every_seconds=0.1, device="cpu", keep="best"
)
RECIPE = Recipe(data="builtin", role="old", training=SETTINGS)


def start(store: Store, run: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mpt_studio", "resume", run, "--store", str(store.root)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_until_it_trains(process: subprocess.Popen[bytes], run: Run) -> None:
    size = run.events_path.stat().st_size
    deadline = time.monotonic() + 300
    while run.events_path.stat().st_size == size and process.poll() is None:
        assert time.monotonic() < deadline, "the trainer did not begin"
        time.sleep(0.002)


def wait_until_it_saves(process: subprocess.Popen[bytes], run: Run) -> None:
    deadline = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < deadline:
        if any((run.folder / "checkpoints").glob(".*.tmp")):
            return


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_that_a_run_killed_twenty_times_ends_as_if_it_had_never_been_killed(tmp_path: Path) -> None:
    kill_and_compare(tmp_path, RECIPE, KILLS)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_that_a_run_killed_three_times_ends_as_if_it_had_never_been_killed(tmp_path: Path) -> None:
    few = dataclasses.replace(SETTINGS, epochs=4)  # the three kills fall into the first of them
    kill_and_compare(tmp_path, dataclasses.replace(RECIPE, training=few), 3)


def kill_and_compare(folder: Path, recipe: Recipe, kills: int) -> None:
    store, dataset = Store(folder / "store"), open_dataset("builtin")
    expected = jobs.train(jobs.Session(store), jobs.start_train(store, recipe, dataset).id, dataset)
    run = jobs.start_train(store, recipe, dataset)
    chance, killed, while_saving = random.Random(7), 0, 0
    while killed < kills:
        process = start(store, run.id)
        wait_until_it_trains(process, run)
        if killed % 2:
            wait_until_it_saves(process, run)
            while_saving += any((run.folder / "checkpoints").glob(".*.tmp"))
        else:
            time.sleep(chance.uniform(0, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if store.run(run.id).outcome == "done":
            break
    process = start(store, run.id)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    assert killed >= min(kills, 3)
    assert_same(expected, store.run(run.id))


def assert_same(expected: Run, found: Run) -> None:
    assert found.outcome == "done"
    assert expected.checkpoint is not None
    assert found.checkpoint is not None
    first, second = load_file(expected.checkpoint), load_file(found.checkpoint)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    old, new = (read_predictions(run.predictions("test") or Path()) for run in (expected, found))
    assert np.array_equal(old.logits, new.logits)
    assert figures_by_epoch(expected) == figures_by_epoch(found)


def figures_by_epoch(run: Run) -> dict[int, tuple[object, ...]]:
    """Each epoch's figures; one that was trained again after a kill has to come out the same."""
    return {e.epoch: (e.losses, e.train_accuracy, e.validation) for e in run.events() if isinstance(e, Epoch)}
