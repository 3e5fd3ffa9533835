"""Updates that are interrupted or killed in versions of every kind go on to the very same weights."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.errors import Interrupted
from mpt_studio.events import Epoch, Event, Note, Step
from mpt_studio.recipe import Recipe, Start, Training, UpdateRecipe
from mpt_studio.store import Store, Update

from .conftest import SHADES, paint, session_in

QUICK = Training(epochs=2, batch_size=8, learning_rate=0.05, device="cpu", precision="fp32", save_every_seconds=0.0)
METHODS = "none,pct_kl,none@old,bcwi"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("going_on")
    for name in SHADES:
        paint(folder / "images", "train", name, 20)
        paint(folder / "images", "test", name, 4)
    return folder


@pytest.fixture(scope="module")
def old(place: Path) -> Path:
    session, data = session_in(place / "old"), open_dataset(f"folder:{place / 'images'}")
    recipe = Recipe(data=data.spec, role="old", old_classes="light,dark", training=QUICK)
    return Path(jobs.train(session, jobs.start_train(session.store, recipe, data).id, data).checkpoint or "")


def recipe_of(place: Path, old: Path, *, head_only: bool) -> UpdateRecipe:
    start = Start(start=str(old), freeze=-1) if head_only else Start(keep_near=0.1)
    ema = dataclasses.replace(QUICK, ema=0.9, patience=2)
    return UpdateRecipe(data=f"folder:{place / 'images'}", old=str(old), methods=METHODS, start=start, training=ema)


@pytest.fixture(scope="module", params=[False, True], ids=["whole networks", "heads alone"])
def undisturbed(
    request: pytest.FixtureRequest, place: Path, old: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    recipe = recipe_of(place, old, head_only=request.param)
    session = session_in(tmp_path_factory.mktemp("undisturbed"))
    result = jobs.run_update(session, jobs.start_update(session.store, recipe).id)
    assert result is not None
    return recipe, result


def check_alike(result: dict[str, Any], again: dict[str, Any] | None) -> None:
    assert again is not None
    assert not again["failed"]
    assert len(result["candidates"]) == 4
    for first, second in zip(result["candidates"], again["candidates"], strict=True):
        assert first["all"] == second["all"]
        expected, found = load_file(first["checkpoint"]), load_file(second["checkpoint"])
        assert all(np.array_equal(expected[name], found[name]) for name in expected), second["label"]


def test_that_an_update_interrupted_in_each_of_its_versions_ends_the_same(undisturbed: Any, tmp_path: Path) -> None:
    recipe, result = undisturbed
    store = Store(tmp_path / "store")
    update = jobs.start_update(store, recipe)
    left, again = set[str](), None
    for _ in range(30):
        try:
            again = jobs.run_update(interrupted_in_the_next_version(store, left), update.id)
            break
        except Interrupted:
            assert store.update(update.id).outcome == "interrupted"
    assert len(left) == 4
    check_alike(result, again)


def interrupted_in_the_next_version(store: Store, left: set[str]) -> jobs.Session:
    """Ctrl+C once something was done for a version that was not left so before."""
    pressed: list[str] = []

    def listen(run: str, event: Event) -> None:
        working = isinstance(event, Step) or (isinstance(event, Note) and store.run(run).label.startswith("BCWI"))
        if run and working and run not in left and not pressed:
            pressed.append(run)
            left.add(run)

    return jobs.Session(store, listen=listen, interrupted=lambda: bool(pressed))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_that_an_update_killed_in_what_goes_on_from_the_old_model_ends_the_same(
    undisturbed: Any, tmp_path: Path
) -> None:
    recipe, result = undisturbed
    store = Store(tmp_path / "store")
    update = jobs.start_update(store, recipe)
    for version in (2, 3):
        kill_in(store, update, version)
    check_alike(result, jobs.run_update(jobs.Session(store), update.id))


def kill_in(store: Store, update: Update, version: int) -> None:
    """Kill the program once a version has told of its first epoch, or where it has none, of its beginning."""
    command = [sys.executable, "-m", "mpt_studio", "resume", update.id, "--store", str(store.root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        members = store.update(update.id).members
        if len(members) > version and has_begun(store, members[version].run):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    process.wait()


def has_begun(store: Store, run: str) -> bool:
    events = list(store.run(run).events()) if store.run(run).events_path.exists() else []
    return any(isinstance(event, Epoch) for event in events) or (
        bool(events) and store.run(run).label.startswith("BCWI")
    )
