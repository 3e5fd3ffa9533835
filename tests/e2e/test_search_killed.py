"""A search is killed with SIGKILL, again and again, and ends as if it never had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.events import Epoch
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.recipe.search import Budget, Limits, SearchRecipe
from mpt_studio.store import Search, Store


def kill_when(store: Store, search: str, is_time: Callable[[Search], bool]) -> None:
    """Go on with a search in a process of its own, which is killed as soon as it is time."""
    command = [sys.executable, "-m", "mpt_studio", "resume", search, "--store", str(store.root)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while child.poll() is None and not is_time(store.search(search)):
        time.sleep(0.05)
    child.kill()
    _, errors = child.communicate()
    assert child.returncode == -signal.SIGKILL, errors.decode()


def in_first_trial(store: Store, search: Search) -> bool:
    """Whether one of its epochs is over."""
    run = next((member.run for member in search.members if member.label.startswith("#1")), None)
    return run is not None and any(isinstance(event, Epoch) for event in store.run(run).events())


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_that_a_killed_search_repeats_nothing_and_ends_with_the_same_trials(tmp_path: Path, shades) -> None:
    training = Training(
        epochs=2, batch_size=16, learning_rate=0.05, save_every_seconds=0, precision="fp32", device="cpu"
    )
    recipe = SearchRecipe(
        update=UpdateRecipe(
            data=shades(tmp_path / "images", 16), old_classes="2", methods="none,mpt_kl:2", training=training
        ),
        limits=Limits(max_accuracy_drop=9.0),
        budget=Budget(trials=2, finalists=1, finalist_seeds=1),
    )
    whole, store = Store(tmp_path / "whole"), Store(tmp_path / "killed")
    expected = jobs.run_search(jobs.Session(whole), jobs.start_search(whole, recipe).id)
    assert expected is not None
    search = jobs.start_search(store, recipe).id
    kill_when(store, search, lambda now: in_first_trial(store, now))
    kill_when(store, search, lambda now: len(now.trials) > 1)
    result = jobs.run_search(jobs.Session(store), search)
    assert result is not None
    for key in ("parameters", "nfr", "accuracy", "offset", "interpolation", "outcome"):
        assert [row[key] for row in result["trials"]] == [row[key] for row in expected["trials"]]
    assert result["best"]["label"] == expected["best"]["label"]
    assert len(store.runs()) == len(whole.runs())
