"""Setting a search up."""

from __future__ import annotations

import dataclasses

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.search.setup import SearchSetup
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe, Space

from ..conftest import seen
from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui
BASE = UpdateRecipe(data="builtin", methods="none,mpt_kl", training=Training(learning_rate=0.05, seed=7))


@pytest.fixture
def setup(qtbot: QtBot, empty_workspace: Workspace) -> SearchSetup:
    empty_workspace.worker = FakeWorker()  # type: ignore[assignment]
    made = seen(qtbot, SearchSetup(empty_workspace, RunQueue(empty_workspace.store)), 1000, 700)
    made.base_on(BASE)
    yield made  # type: ignore[misc]
    made.close_setup()


def test_that_as_it_comes_it_asks_what_the_command_line_asks(setup: SearchSetup) -> None:
    expected = SearchRecipe(update=dataclasses.replace(BASE, noise_floor=False))
    assert setup.recipe() == expected
    assert setup.editors["update.training.seed"].value() == 7
    assert setup.space.ranges["learning_rate"].low.text() == "0.005"
    assert setup.start.isEnabled()


def test_that_a_range_is_narrowed_fixed_and_taken_out(setup: SearchSetup) -> None:
    rows = setup.space.ranges
    rows["logit_margin"].low.setText("1")
    rows["logit_margin"].low.textEdited.emit("1")
    rows["weight"].on.setChecked(False)
    rows["learning_rate"].high.setText("0.005")
    rows["learning_rate"].high.textEdited.emit("0.005")
    rows["temperature"].on.setChecked(True)
    setup.space.method.boxes["pct_kl"].setChecked(False)
    assert setup.recipe().space == Space(
        search_methods="none,pct_naive,pct_lm,mpt_kl,mpt_lm,mpt_nodistillation",
        search_learning_rate="0.005",
        search_logit_margin="1:6",
        search_weight="",
        search_temperature="1:10",
    )


@pytest.mark.parametrize(
    ("low", "high", "says"), [("a", "1", "needs two numbers"), ("3", "1", "no larger"), ("-1", "1", "above 0")]
)
def test_that_a_range_that_is_none_is_marked_and_nothing_can_be_started(
    setup: SearchSetup, low: str, high: str, says: str
) -> None:
    row = setup.space.ranges["learning_rate"]
    row.low.setText(low)
    row.high.setText(high)
    row.low.textEdited.emit(low)
    assert says in setup.problem.text()
    assert not setup.start.isEnabled()
    assert row.low.property("invalid")


def test_that_sentinels_are_told_in_words_and_limits_out_of_range_are_refused(setup: SearchSetup) -> None:
    assert setup.editors["budget.hours"].line.text() == "unlimited"  # type: ignore[attr-defined]
    setup.editors["budget.trials"].set_value(0)
    assert setup.problem.text() == "Trials needs at least 1 and at most 1,000."


def test_that_what_the_old_model_cannot_serve_is_off_and_says_why(setup: SearchSetup) -> None:
    setup._describe()
    request = setup._workspace.worker.last  # type: ignore[union-attr]
    assert request.job == "describe_search"
    spaces = [{"name": "method", "choices": ["none", "mpt_kl"]}, {"name": "start", "choices": ["recipe"]}]
    request.answer({"space": spaces})
    assert not setup.space.method.boxes["pct_lm"].isEnabled()
    assert "old model" in setup.space.method.boxes["pct_lm"].toolTip()
    assert setup.recipe().space.search_methods == "auto"
    assert setup.space.start.chosen == ["recipe"]


def test_that_a_refusal_is_told_before_the_button_is_pressed(setup: SearchSetup) -> None:
    setup._describe()
    setup._workspace.worker.last.fail("There is no validation part.")  # type: ignore[union-attr]
    assert setup.problem.text() == "There is no validation part."
    assert not setup.start.isEnabled()


def test_that_the_time_is_that_of_all_trials(setup: SearchSetup) -> None:
    setup.estimates._ask()
    request = setup._workspace.worker.last  # type: ignore[union-attr]
    assert request.job == "estimate"
    versions = [{"label": name, "seconds": 60.0} for name in ("Old model", "No_Treatment", "MPT_KL")]
    request.answer({"seconds": 180.0, "device": "cpu", "versions": versions})
    assert setup.time.text().startswith("About 40 min on the CPU: 30 trials at about 60 s each")


def test_that_without_a_recipe_the_reason_is_told(setup: SearchSetup) -> None:
    setup.base_on(None, "The recipe will not do yet.")
    assert setup.problem.text() == "The recipe will not do yet."
    assert not setup.start.isEnabled()
