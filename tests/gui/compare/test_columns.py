"""Columns of costs, and which columns the user wants."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Comparison
from mpt_studio.gui.compare.columns import RATES, KeptColumns
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from ..fake_worker import FakeWorker
from ..workspace.test_costs import answer, cost, worker  # noqa: F401 - the fixture
from .conftest import cell

pytestmark = pytest.mark.gui


def titles(page: ComparePage) -> list[str]:
    return page.table.candidates.titles


def measured(workspace: Workspace, worker: FakeWorker) -> None:  # noqa: F811
    workspace.costs.measure()
    worker.last.answer(answer(cost("old", bytes=1_000_000), cost("plain"), cost("mpt")))


def test_that_costs_are_columns_only_once_they_were_measured(
    page: ComparePage,
    workspace: Workspace,
    worker: FakeWorker,  # noqa: F811
) -> None:
    before = titles(page)
    assert before[-1] == "Δ NFR"
    assert "Size" not in before
    measured(workspace, worker)
    assert titles(page) == [*before[:-1], "Size", "ms, batch 1", "Δ NFR"]
    assert cell(page, 0, "Size") == "2.0 MB (old 1.0 MB)"
    assert cell(page, 0, "ms, batch 1") == "10.0 (old 10.0)"
    assert cell(page, 0, "Δ NFR") == "– (on show)"


def test_that_the_menu_hides_and_shows_columns_and_the_choice_is_kept(
    page: ComparePage,
    workspace: Workspace,
    worker: FakeWorker,  # noqa: F811
) -> None:
    measured(workspace, worker)
    actions = {action.text(): action for action in page.table.columns_menu().actions()}
    assert list(actions)[-1] == "Measure cost"
    assert not actions["ECE"].isChecked()
    actions["ECE"].setChecked(True)
    actions["Churn"].setChecked(False)
    assert "ECE" in titles(page)
    assert "Churn" not in titles(page)
    assert cell(page, 0, "ECE").endswith(" %")
    kept = KeptColumns()
    assert [column.title for column in RATES if not kept.wants(column)] == ["Churn"]


def test_that_the_menu_stays_open_while_columns_are_chosen(page: ComparePage, qtbot: QtBot) -> None:
    menu = page.table.columns_menu()
    page.head.open_columns(menu)
    qtbot.waitUntil(menu.isVisible)
    first, second = menu.actions()[6:8]
    for action in (first, second):
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    assert menu.isVisible()
    assert not {first.text(), second.text()} & set(titles(page))
    menu.close()


def test_that_the_error_of_calibration_is_that_at_the_offset_on_show(
    page: ComparePage,
    workspace: Workspace,
    worker: FakeWorker,  # noqa: F811
) -> None:
    measured(workspace, worker)
    page.set_subset("all")
    {action.text(): action for action in page.table.columns_menu().actions()}["ECE"].setChecked(True)
    before = cell(page, 0, "ECE")
    workspace.set_offset(5.0)
    assert cell(page, 0, "ECE") != before


def test_that_tips_tell_where_it_was_measured(
    page: ComparePage,
    workspace: Workspace,
    worker: FakeWorker,  # noqa: F811
) -> None:
    from mpt_studio.gui.compare.columns import COSTS, At

    version = workspace.version("plain")
    comparison = workspace.comparison("plain")
    assert version is not None
    assert isinstance(comparison, Comparison)
    at = At(workspace, version, comparison, "all")
    assert COSTS[0].tip(at).startswith("Not measured yet.")
    measured(workspace, worker)
    tip = COSTS[0].tip(at)
    assert "plain: 2.0 MB; by PyTorch 2.10.0 on cpu (2 threads), measured at 2026-11-30 14:02:11" in tip
    assert "Old model: 1.0 MB" in tip
    assert COSTS[-1].tip(at).startswith("ECE (all): ")
