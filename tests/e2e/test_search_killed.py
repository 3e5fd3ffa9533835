"""A search is killed with SIGKILL, again and again, and ends as if it never had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio import jobs
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.recipe.search import Budget, Limits, SearchRecipe
from mpt_studio.store import Search, Store

KILLS = 2


def images(root: Path) -> str:
    rng = np.random.default_rng(0)
    for shade, name in enumerate(("ant", "bee", "cat")):
        for part in ("train", "val", "test"):
            (root / part / name).mkdir(parents=True)
            for i in range(16):
                noise = rng.normal(60 + 40 * shade, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(noise).save(root / part / name / f"{i:02d}.png")
    return f"folder:{root}"


def process(store: Store, search: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mpt_studio", "resume", search, "--store", str(store.root)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def written(store: Store, search: Search) -> int:
    runs = sum(run.events_path.stat().st_size for run in store.runs())
    return runs + search.events_path.stat().st_size


def kill_after(store: Store, search: Search, size: int) -> bool:
    """Whether it was killed, once its logs were so large."""
    child = process(store, search.id)
    while child.poll() is None and written(store, search) < size:
        time.sleep(0.1)
    child.kill()
    return child.wait() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_that_a_killed_search_repeats_nothing_and_ends_with_the_same_trials(tmp_path: Path) -> None:
    training = Training(
        epochs=2, batch_size=16, learning_rate=0.05, save_every_seconds=0, precision="fp32", device="cpu"
    )
    recipe = SearchRecipe(
        update=UpdateRecipe(
            data=images(tmp_path / "images"), old_classes="2", methods="none,mpt_kl:2", training=training
        ),
        limits=Limits(max_accuracy_drop=9.0),
        budget=Budget(trials=2, finalists=1, finalist_seeds=1),
    )
    whole, store = Store(tmp_path / "whole"), Store(tmp_path / "killed")
    expected = jobs.run_search(jobs.Session(whole), jobs.start_search(whole, recipe).id)
    assert expected is not None
    search = jobs.start_search(store, recipe)
    all_of_it = written(whole, whole.searches()[0])
    for n in range(KILLS):
        assert kill_after(store, search, all_of_it * (n + 1) // (KILLS + 1))
    last = process(store, search.id)
    _, errors = last.communicate(timeout=280)
    assert last.returncode == 0, errors.decode()
    found = store.search(search.id)
    assert found.result is not None
    for key in ("parameters", "nfr", "accuracy", "offset", "interpolation", "outcome"):
        assert [row[key] for row in found.result["trials"]] == [row[key] for row in expected["trials"]]
    assert found.result["best"]["label"] == expected["best"]["label"]
    assert len(store.runs()) == len(whole.runs())
