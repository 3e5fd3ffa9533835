from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.bar_list import BarList, BarRow, _shortened

pytestmark = pytest.mark.gui


@pytest.fixture
def bars(qtbot: QtBot) -> BarList:
    made = BarList("Classes")
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.set_rows([BarRow(i, f"class {i:04d}", str(i), i / 2000, 0.0, 0.5) for i in range(2000)])
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_the_model_keeps_qts_rules(bars: BarList) -> None:
    tester = QAbstractItemModelTester(bars.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    bars.model.search("19")
    bars.model.search("")
    del tester


def test_that_search_keeps_rows_with_all_words(bars: BarList, qtbot: QtBot) -> None:
    qtbot.keyClicks(bars.search, "CLASS 199")
    assert [row.key for row in bars.model.rows] == [199, 1199, *range(1990, 2000)]


def test_that_a_click_and_the_keyboard_choose(bars: BarList, qtbot: QtBot) -> None:
    where = bars.view.visualRect(bars.model.index(2)).center()
    with qtbot.waitSignal(bars.chosen) as clicked:
        qtbot.mouseClick(bars.view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert clicked.args == [2]
    qtbot.keyClick(bars.view, Qt.Key.Key_Down)
    with qtbot.waitSignal(bars.chosen) as pressed:
        qtbot.keyClick(bars.view, Qt.Key.Key_Return)
    assert pressed.args == [3]


def test_that_new_rows_keep_the_scroll_position(bars: BarList) -> None:
    bars.view.verticalScrollBar().setValue(5000)
    bars.set_rows([BarRow(i, f"class {i:04d}", "") for i in range(2000)])
    assert bars.view.verticalScrollBar().value() == 5000


def test_that_an_empty_list_says_why(bars: BarList) -> None:
    bars.set_rows([], "No samples of old classes.")
    assert bars.empty.isVisible()
    assert bars.empty.text() == "No samples of old classes."
    assert not bars.view.isVisible()


def test_that_names_are_not_markup_in_tooltips(bars: BarList) -> None:
    bars.set_rows([BarRow(0, "<img src=x>", "1")])
    assert "<img" not in bars.model.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_that_of_a_pair_the_longer_side_is_shortened(bars: BarList) -> None:
    metrics = bars.fontMetrics()
    row = BarRow(0, "cat", "1", second="a name that does not fit into this column")
    width = metrics.horizontalAdvance("cat → a name that…")
    shortened = _shortened(metrics, row, width)
    assert shortened.startswith("cat → a n")
    assert shortened.endswith("lumn")
    assert metrics.horizontalAdvance(shortened) <= width
