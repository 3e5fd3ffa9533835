from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.estimates import REST_MS
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.data.class_picker import ClassPickerDialog
from mpt_studio.gui.train.recipe_side import RecipeSide
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import preset, to_json

from ..conftest import DrawnDataset
from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui


@pytest.fixture
def side(qtbot: QtBot, empty_workspace: Workspace, worker: FakeWorker) -> Iterator[RecipeSide]:
    made = RecipeSide(empty_workspace, RunQueue(empty_workspace.store))
    qtbot.addWidget(made)
    made.resize(336, 700)
    yield made
    made.estimates.close()


def test_that_the_time_is_asked_for_once_somebody_sees_the_recipe(
    qtbot: QtBot, side: RecipeSide, worker: FakeWorker
) -> None:
    qtbot.wait(2 * REST_MS)
    assert worker.asked == []
    side.show()
    qtbot.waitUntil(lambda: bool(worker.asked), timeout=4 * REST_MS)
    assert worker.last.args == {"recipe": to_json(preset("try-it-now").recipe)}
    place = side.start.y()
    worker.last.answer({"seconds": 130.0, "device": "cuda", "versions": [{"label": "MPT_KL b=1", "seconds": 130.0}]})
    assert (side.time.text(), side.start.y()) == ("About 2 min on cuda", place)
    assert "Margin (MPT_KL) b=1: about 2 min" in side.time.toolTip()


def test_that_nothing_is_started_where_nothing_can_run_and_the_reason_is_told_beside_the_choice(
    qtbot: QtBot, side: RecipeSide
) -> None:
    side.show()
    side.workspace.run_on.choose("gone")
    assert side.run_on.sentence.text().startswith("There is no cluster 'gone' in ")
    assert (side.run_on.sentence.isHidden(), side.start.isEnabled()) == (False, False)
    side.workspace.run_on.choose("")
    assert (side.run_on.sentence.isHidden(), side.start.isEnabled()) == (True, True)


def test_that_a_recipe_that_will_not_do_has_no_time(qtbot: QtBot, side: RecipeSide, worker: FakeWorker) -> None:
    side.show()
    side.form.editors["model.arch"].set_value("resnet19")
    assert (side.time.text(), side.start.isEnabled()) == ("", False)


def test_that_nothing_is_timed_while_a_training_has_the_machine(
    qtbot: QtBot, side: RecipeSide, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    side.show()
    monkeypatch.setattr(RunQueue, "is_busy", True)
    side.refresh()
    assert side.time.text() == ""
    qtbot.wait(2 * REST_MS)
    assert worker.asked == []


def test_that_picked_classes_land_in_the_field_and_are_known_to_it(side: RecipeSide, worker: FakeWorker) -> None:
    side.workspace.dataset = data = DrawnDataset()
    data.spec = "builtin"
    editor = side.form.editors["old_classes"]
    editor.pick.click()  # type: ignore[attr-defined]
    dialog = side.findChild(ClassPickerDialog)
    assert dialog is not None
    dialog.picker.number.setValue(2)
    dialog.picker.tick_first.click()
    dialog.ok.click()
    assert editor.value() == "2"
    editor.set_value("cat,wolf")
    assert "no class 'wolf'" in side.form.problems()[0]
