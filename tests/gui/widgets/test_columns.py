"""Widths of columns."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QTableWidget
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.columns import WIDEST, Fitting, fitted

pytestmark = pytest.mark.gui


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
