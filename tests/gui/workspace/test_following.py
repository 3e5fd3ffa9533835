from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.events import Ended, Stage
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.store import Store

from ..conftest import DrawnDataset
from ..fake_worker import FakeWorker
from .files import RIGHT, WRONG, answers, checkpoint, saved

pytestmark = pytest.mark.gui


@pytest.fixture
def workspace(store: Store, qapp: object) -> Workspace:
    return Workspace(store, FakeWorker())  # type: ignore[arg-type]


def stage(run: str, index: int, role: str, label: str) -> tuple[str, Stage]:
    return "", Stage(run=run, role=role, method=label, label=label, index=index, count=4)


def trained(store: Store, update: str, role: str, logits: list[list[float]], outcome: str = "done") -> str:
    """The run of a version that has been trained; without its predictions where it was cancelled."""
    run = store.create_run(Recipe(data="nowhere", role=role), label=role, update=update)  # type: ignore[arg-type]
    with run:
        if outcome == "done":
            run.save_predictions(answers(logits, role))
        run.finish(outcome)  # type: ignore[arg-type]
    return run.folder.name


def test_that_versions_come_as_they_begin_and_are_compared_as_they_are_ready(
    workspace: Workspace, store: Store
) -> None:
    update = store.create_update(UpdateRecipe(data="nowhere"), title="mine").id
    workspace.following.begin(update)
    assert [(v.label, v.is_training) for v in workspace.versions] == [("Old model", True)]
    assert workspace.worker.last.job == "prepare_data"  # type: ignore[union-attr, attr-defined]
    old = trained(store, update, "old", [RIGHT, RIGHT])
    plain = trained(store, update, "reference", [WRONG, RIGHT])
    workspace.following.take(update, [stage(old, 0, "old", "Old model"), (old, Ended(outcome="done"))])
    workspace.following.take(update, [stage(plain, 1, "reference", "No_Treatment")])
    assert [(v.key, v.is_training) for v in workspace.versions] == [(old, False), (plain, True)]
    assert workspace.comparison() is None
    workspace.following.take(update, [(plain, Ended(outcome="done"))])
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.rates("all").negative_flips == 1


def test_that_the_old_model_that_an_update_was_given_is_there_from_the_start(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    deployed = checkpoint(tmp_path / "deployed.safetensors", "old")
    workspace.dataset = DrawnDataset()
    update = store.create_update(UpdateRecipe(data="drawn", old=str(deployed)), title="mine").id
    workspace.following.begin(update)
    shown = [(v.label, v.role, v.key, v.is_training) for v in workspace.versions]
    assert shown == [
        ("deployed", "old", str(deployed), False),
        ("Plain training", "reference", update, True),
    ]
    assert workspace.worker.last.job == "evaluate"  # type: ignore[union-attr, attr-defined]


def test_that_a_version_that_was_ready_when_the_update_went_on_is_ready_as_soon_as_the_next_begins(
    workspace: Workspace, store: Store
) -> None:
    update = store.create_update(UpdateRecipe(data="nowhere"), title="mine").id
    workspace.following.begin(update)
    old = trained(store, update, "old", [RIGHT])
    workspace.following.take(update, [stage(old, 0, "old", "Old model"), stage("r", 1, "reference", "No_Treatment")])
    assert [(v.key, v.is_training) for v in workspace.versions] == [(old, False), ("r", True)]


def test_that_versions_trained_at_once_stay_beside_each_other(workspace: Workspace, store: Store) -> None:
    update = store.create_update(UpdateRecipe(data="nowhere"), title="mine").id
    workspace.following.begin(update)
    with store.create_run(Recipe(data="nowhere"), label="first", update=update) as first:
        workspace.following.take(
            update, [stage(first.id, 0, "reference", "first"), stage("r", 1, "candidate", "second")]
        )
        assert [(v.key, v.is_training) for v in workspace.versions] == [(first.id, True), ("r", True)]


def test_that_a_version_that_was_cancelled_goes_and_one_that_goes_on_stays(workspace: Workspace, store: Store) -> None:
    update = store.create_update(UpdateRecipe(data="nowhere"), title="mine").id
    workspace.following.begin(update)
    gone = trained(store, update, "old", [RIGHT], "cancelled")
    workspace.following.take(update, [stage(gone, 0, "old", "Old model"), (gone, Ended(outcome="cancelled"))])
    assert workspace.versions == []
    begun = [stage("r", 1, "reference", "No_Treatment"), ("r", Ended(outcome="interrupted"))]
    workspace.following.take(update, begun)
    assert [v.key for v in workspace.versions] == ["r"]
    workspace.following.end(update)
    assert workspace.versions == []


def test_that_what_is_open_is_never_replaced(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    workspace.opening.open([saved(tmp_path / "mine", [RIGHT], "mine")])
    update = store.create_update(UpdateRecipe(data="nowhere"), title="other").id
    workspace.following.begin(update)
    workspace.following.take(update, [stage("r", 0, "old", "Old model")])
    workspace.following.end(update)
    assert [v.label for v in workspace.versions] == ["mine"]


def test_that_an_update_on_other_data_than_those_that_are_open_is_not_followed(
    workspace: Workspace, store: Store
) -> None:
    workspace.dataset = DrawnDataset()
    workspace.following.begin(store.create_update(UpdateRecipe(data="nowhere"), title="other").id)
    assert workspace.versions == []
    assert workspace.dataset.spec == "drawn"


def test_that_an_old_model_that_is_its_answers_has_them_on_the_test_part(
    workspace: Workspace, store: Store, tmp_path: Path, qtbot: QtBot
) -> None:
    workspace.dataset = data = DrawnDataset()
    data.train, data.test = data.test[:4], data.test[4:]
    rows = [f"{name},{data.class_names[0]}" for name in data.sample_ids.tolist()]
    path = tmp_path / "deployed.csv"
    path.write_text("\n".join(["id,prediction", *rows]) + "\n")
    update = store.create_update(UpdateRecipe(data="drawn", old=str(path)), title="mine").id
    workspace.following.begin(update)
    old = workspace.old
    assert old is not None
    assert (old.label, old.checkpoint) == ("deployed", "")
    qtbot.waitUntil(lambda: old.predictions is not None)
    assert old.predictions is not None
    assert sorted(old.predictions.sample_ids.tolist()) == sorted(data.sample_ids[data.test].tolist())
    assert not workspace.worker.asked  # type: ignore[union-attr, attr-defined]
