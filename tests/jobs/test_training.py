"""One training: when it saves, and what it refuses."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Recipe, Training
from mpt_studio.store import RunWriter

from .conftest import TINY, session_in


def test_that_a_slow_disk_is_written_to_less_often(session: jobs.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    saves = saves_of_a_slow_disk(monkeypatch)
    assert epochs_of(session, 5) == 5
    assert len(saves) == 1  # the next one would be due after 100 s of training


def test_that_time_which_a_listener_takes_brings_no_save_nearer(
    session: jobs.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A benchmark lets other sides have their turn between two epochs."""
    saves, clock, waited = saves_of_a_slow_disk(monkeypatch), time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(waited))
    waiting = dataclasses.replace(session, listen=lambda run, event: waited.append(1000.0))
    assert epochs_of(waiting, 3) == 3
    assert len(saves) == 1


def saves_of_a_slow_disk(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When states were saved, each of which takes two seconds longer from now on."""
    saves: list[float] = []
    save_state = RunWriter.save_state

    def slow(self: RunWriter, write: Any) -> Path:
        saves.append(time.monotonic())
        time.sleep(2)
        return save_state(self, write)

    monkeypatch.setattr(RunWriter, "save_state", slow)
    return saves


def epochs_of(session: jobs.Session, epochs: int) -> int:
    recipe = Recipe(data="builtin", training=dataclasses.replace(TINY, epochs=epochs, limit_train=360))
    run = jobs.train(session, jobs.start_train(session.store, recipe, open_dataset("builtin")).id)
    return sum(isinstance(event, Epoch) for event in run.events())


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        (Recipe(data="builtin", method=METHODS["PCT_KL"]), "needs the old model as a teacher; .* --old"),
        (Recipe(data="builtin", old="OLD", method=METHODS["MPT_KL"]), "needs the reference model .* --reference"),
        (Recipe(data="builtin", old="OLD", method=METHODS["ELODI"]), "needs an ensemble .* --ensemble"),
        (Recipe(data="builtin", old="OLD", old_classes="3"), "not both"),
    ],
)
def test_that_a_training_without_what_teaches_it_leaves_no_run(
    finished_update: Any, session: jobs.Session, recipe: Recipe, sentence: str
) -> None:
    old = finished_update[1]["old"]["checkpoint"] if recipe.old else ""
    with pytest.raises(UserError, match=sentence):
        jobs.start_train(session.store, dataclasses.replace(recipe, old=old), open_dataset("builtin"))
    assert session.store.runs() == []


@pytest.mark.parametrize("placement", ["device", "loader"])
def test_that_a_cache_folder_that_is_deleted_meanwhile_changes_nothing(
    placement: Any, session: jobs.Session, images: Path, own_cache: Path
) -> None:
    settings = dataclasses.replace(TINY, epochs=2, data_placement=placement, batch_size=20, limit_train=0)
    recipe = Recipe(data=f"folder:{images}", training=settings)

    def trained(listen: Any) -> Any:
        heard = dataclasses.replace(session, listen=listen)
        dataset = open_dataset(recipe.data)
        run = jobs.train(heard, jobs.start_train(session.store, recipe, dataset).id, dataset)
        return [(event.losses, event.validation) for event in run.events() if isinstance(event, Epoch)]

    deleted = trained(lambda _, event: shutil.rmtree(own_cache, ignore_errors=True))
    assert deleted == trained(lambda *_: None)


@pytest.mark.parametrize("gone", ["", "train", "test"])
def test_that_a_folder_that_vanishes_between_two_epochs_is_a_sentence_and_the_run_goes_on_once_it_is_back(
    gone: str, images: Path, tmp_path: Path
) -> None:
    def take_away(run: str, event: Any) -> None:
        if isinstance(event, Epoch) and event.epoch == 1:
            (images / gone).rename(tmp_path / "away")

    session, data = session_in(tmp_path / "store"), open_dataset(f"folder:{images}")
    settings = Training(epochs=2, batch_size=16, device="cpu", data_placement="loader")
    run = jobs.start_train(session.store, Recipe(data=data.spec, training=settings), data)
    with pytest.raises(UserError, match=r"The image (train|val|test)/.* in .* has vanished since the data were opened"):
        jobs.train(dataclasses.replace(session, listen=take_away), run.id, data)
    assert session.store.run(run.id).outcome == "failed"
    (tmp_path / "away").rename(images / gone)
    assert jobs.train(session, run.id).outcome == "done"
