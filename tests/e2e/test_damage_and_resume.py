"""The newest resume state of an interrupted run is damaged: the run falls back, says so, and loses nothing."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.errors import Interrupted
from mpt_studio.events import Epoch, Event, Note
from mpt_studio.jobs import training
from mpt_studio.recipe import Recipe, Training
from mpt_studio.store import Run, Store

from .test_kill_and_resume import assert_same

SETTINGS = Training(epochs=3, limit_train=240, batch_size=48, save_every_seconds=0.0, device="cpu", precision="fp32")
RECIPE = Recipe(data="builtin", role="old", training=SETTINGS)
Damage = Callable[[Path, random.Random], object]


def cut(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(1, path.stat().st_size)])


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def delete(path: Path, _: random.Random) -> None:
    path.unlink()


DAMAGES: dict[str, Damage] = {"cut": cut, "flip": flip, "empty": empty, "delete": delete}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that nothing happened to."""
    session, dataset = jobs.Session(Store(tmp_path_factory.mktemp("whole"))), open_dataset("builtin")
    return jobs.train(session, jobs.start_train(session.store, RECIPE, dataset).id, dataset)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was left in its third epoch, with the states of two moments."""
    epochs: list[Event] = []
    store, dataset = Store(tmp_path_factory.mktemp("left")), open_dataset("builtin")
    session = jobs.Session(
        store,
        listen=lambda _, event: epochs.append(event) if isinstance(event, Epoch) else None,
        interrupted=lambda: len(epochs) == 2,
    )
    run = jobs.start_train(store, RECIPE, dataset)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "WORK_FOR_A_SAVE", 0)
        with pytest.raises(Interrupted):
            jobs.train(session, run.id, dataset)
    return store.run(run.id)


def resumed(run: Run, folder: Path, damage: Damage, chance: random.Random, newest: int = 1) -> Run:
    """A copy of the run whose ``newest`` states are damaged, resumed to its end."""
    store = Store(folder)
    shutil.copytree(run.folder, folder / "runs" / run.id)
    states = store.run(run.id).resume_states
    assert len(states) == 2
    for path in states[:newest]:
        damage(path, chance)
    return jobs.train(jobs.Session(store), run.id, open_dataset("builtin"))


def notes(run: Run) -> list[str]:
    return [event.text for event in run.events() if isinstance(event, Note)]


@pytest.mark.parametrize("kind", DAMAGES)
def test_that_a_damaged_newest_state_falls_back_to_the_one_before(
    kind: str, expected: Run, interrupted: Run, tmp_path: Path
) -> None:
    run = resumed(interrupted, tmp_path, DAMAGES[kind], random.Random(kind))
    assert_same(expected, run)
    (note,) = notes(run)
    assert "resume state" in note
    assert "goes on from the state of step" in note


@pytest.mark.slow
def test_that_twenty_damages_of_four_kinds_are_recovered(expected: Run, interrupted: Run, tmp_path: Path) -> None:
    for number, (kind, damage) in zip(range(20), itertools.cycle(DAMAGES.items())):
        run = resumed(interrupted, tmp_path / f"{number}_{kind}", damage, random.Random(number))
        assert_same(expected, run)
        assert len(notes(run)) == 1


def test_that_a_run_without_any_whole_state_begins_anew_and_says_so(
    expected: Run, interrupted: Run, tmp_path: Path
) -> None:
    run = resumed(interrupted, tmp_path, flip, random.Random(1), newest=2)
    assert_same(expected, run)
    assert [note.endswith("Training begins anew and ends with the same weights.") for note in notes(run)] == [True] * 2
