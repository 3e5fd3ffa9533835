"""What tables have in common: titles, sides, and a search that hides rows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QTableView, QTableWidget
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.tables import (
    WIDEST,
    Fitting,
    Index,
    MatchingRows,
    Role,
    TableModel,
    fitted,
    of_whole_rows,
)

pytestmark = pytest.mark.gui


class Animals(TableModel):
    titles = ("Name", "Legs")
    numbers = (1,)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = [("Ant", 6), ("Bird", 2), ("Big cat", 4)]

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        return str(self.rows[index.row()][index.column()]) if role == Role.DisplayRole else None


def names(shown: MatchingRows) -> list[str]:
    return [shown.index(row, 0).data() for row in range(shown.rowCount())]


def test_that_numbers_and_their_titles_end_at_the_right(qtbot: QtBot) -> None:
    model = Animals()
    across = Qt.Orientation.Horizontal
    sides = [model.headerData(column, across, Role.TextAlignmentRole) for column in range(model.columnCount())]
    assert [bool(side & Qt.AlignmentFlag.AlignRight) for side in sides] == [False, True]
    assert [model.headerData(column, across) for column in range(2)] == ["Name", "Legs"]
    assert model.headerData(0, Qt.Orientation.Vertical) is None


def test_that_rows_with_all_words_that_fit_are_shown(qtbot: QtBot) -> None:
    shown = MatchingRows(model := Animals(), lambda animal: animal[0])
    assert names(shown) == ["Ant", "Bird", "Big cat"]
    shown.search("CAT big")
    assert names(shown) == ["Big cat"]
    shown.search("b", lambda animal: animal[1] < 4)
    assert names(shown) == ["Bird"]
    shown.search("")
    assert shown.rowCount() == model.rowCount() == 3


def test_that_a_table_is_called_by_its_name(qtbot: QtBot) -> None:
    table = of_whole_rows(QTableView(), "Animals")
    qtbot.addWidget(table)
    assert table.accessibleName() == "Animals"
    assert table.verticalHeader().isHidden()


def test_that_long_texts_are_cut_where_room_is_scarce_and_whole_where_it_is_not() -> None:
    needs, least = [50, WIDEST + 200, WIDEST + 90], [80, 60, 60]
    assert fitted(needs, least, 400) == [80, WIDEST, WIDEST]
    assert fitted(needs, least, 80 + 2 * WIDEST + 220) == [80, WIDEST + 200, WIDEST + 20]
    assert fitted(needs, least, 9_000) == [80, *needs[1:]]


def test_that_widths_are_given_until_somebody_chooses(qtbot: QtBot) -> None:
    table = QTableWidget(1, 2)
    qtbot.addWidget(table)
    chosen: list[bool] = []
    fitting = Fitting(table.horizontalHeader(), lambda: chosen.append(True))
    fitting.fit([70, 90])
    assert ([table.columnWidth(0), table.columnWidth(1)], chosen) == ([70, 90], [])
    table.setColumnWidth(0, 40)
    fitting.fit([70, 120])
    assert ([table.columnWidth(0), table.columnWidth(1)], chosen) == ([40, 90], [True])
