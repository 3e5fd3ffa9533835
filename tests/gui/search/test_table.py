"""The table of trials."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from pytestqt.qtbot import QtBot

from mpt_studio.gui.search.table import COLUMNS, TrialsTable

from .conftest import PLAIN, trial

pytestmark = pytest.mark.gui
STOPPED = trial(2, None, None, outcome="stopped", message="Stopped at epoch 3: 6.1 points below plain training there.")
TRIALS = (PLAIN, trial(1, 0.05), STOPPED, trial(3, 0.03))
NFR = next(i for i, column in enumerate(COLUMNS) if column[0].startswith("NFR"))


@pytest.fixture
def table(qtbot: QtBot) -> TrialsTable:
    made = TrialsTable()
    qtbot.addWidget(made)
    made.show_trials(TRIALS, best=3)
    return made


def numbers(table: TrialsTable) -> list[str]:
    return [table.shown.index(row, 0).data() for row in range(table.shown.rowCount())]


def test_that_the_best_is_starred_and_those_without_figures_come_last(table: TrialsTable) -> None:
    table.view.sortByColumn(NFR, Qt.SortOrder.AscendingOrder)
    assert numbers(table) == ["★ 3", "1", "0", "2"]


def test_that_words_of_any_column_find_a_trial(table: TrialsTable) -> None:
    table.search.setText("stopped epoch")
    assert numbers(table) == ["2"]
    table.search.clear()
    table.within.setChecked(True)
    assert numbers(table) == ["0", "1", "★ 3"]


def test_that_only_what_changed_is_told_and_the_selection_stays(qtbot: QtBot, table: TrialsTable) -> None:
    table.select(1)
    changed: list[int] = []
    table.model.dataChanged.connect(lambda first, _: changed.append(first.row()))
    with qtbot.assertNotEmitted(table.model.modelReset):
        table.show_trials((*TRIALS, trial(4, 0.02)), best=4)
    assert changed == [3]  # it lost its star; the new one is a new row
    assert table.shown.rowCount() == 5
    assert table.view.currentIndex().row() == 1


def test_that_a_click_selects_and_enter_opens(qtbot: QtBot, table: TrialsTable) -> None:
    with qtbot.waitSignal(table.selected) as chosen:
        table.select(3)
    assert chosen.args == [3]
    with qtbot.waitSignal(table.opened) as opened:
        qtbot.keyClick(table.view, Qt.Key.Key_Return)
    assert opened.args == [3]


def test_that_no_header_is_cut_off_before_there_are_trials(qtbot: QtBot) -> None:
    made = TrialsTable()
    qtbot.addWidget(made)
    made.show()
    made.show_trials((), best=None)
    font = QFont(made.font())
    font.setPointSizeF(8)
    font.setBold(True)
    for column, (header, *_) in enumerate(COLUMNS):
        widest = max(map(QFontMetrics(font).horizontalAdvance, header.splitlines()))
        assert made.view.columnWidth(column) > widest + 10


def test_that_methods_have_plain_names_and_accuracy_on_new_classes_is_told(table: TrialsTable) -> None:
    table.show_trials((PLAIN, trial(1, accuracy_new_classes=0.625)), best=1)
    cells = [table.shown.index(1, column).data() for column in range(len(COLUMNS))]
    assert cells[1:5] == ["Margin (MPT_KL)", "5.0 %", "80.0 %", "62.5 %"]
