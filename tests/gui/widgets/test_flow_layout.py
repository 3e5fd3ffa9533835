from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.flow_layout import FlowLayout, tab_in_order

pytestmark = pytest.mark.gui


def flow(qtbot: QtBot, widths: list[int], width: int) -> tuple[QWidget, FlowLayout]:
    holder = QWidget()
    qtbot.addWidget(holder)
    layout = FlowLayout(holder, spacing=10)
    for each in widths:
        child = QLabel()
        child.setFixedSize(each, 20)
        layout.addWidget(child)
    holder.resize(width, 300)
    with qtbot.waitExposed(holder):
        holder.show()
    return holder, layout


def places(layout: FlowLayout) -> list[tuple[int, int]]:
    geometries = [layout.itemAt(i).geometry() for i in range(layout.count())]  # type: ignore[union-attr]
    return [(each.x(), each.y()) for each in geometries]


def test_that_items_wrap_where_the_row_is_full(qtbot: QtBot) -> None:
    _, layout = flow(qtbot, [100, 100, 100], 215)
    assert places(layout) == [(0, 0), (110, 0), (0, 30)]
    assert layout.heightForWidth(215) == 50
    assert layout.heightForWidth(320) == 20


def test_that_a_hidden_item_takes_no_room(qtbot: QtBot) -> None:
    holder, layout = flow(qtbot, [100, 100, 100], 215)
    holder.findChildren(QLabel)[1].hide()
    assert layout.heightForWidth(215) == 20


def test_that_a_widget_can_be_put_before_the_others(qtbot: QtBot) -> None:
    _, layout = flow(qtbot, [100], 300)
    first = QLabel("first")
    layout.insert_widget(0, first)
    assert layout.itemAt(0).widget() is first  # type: ignore[union-attr]


def test_that_tab_goes_in_the_order_given_past_what_takes_no_focus(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    one, two, label, three = QPushButton(holder), QPushButton(holder), QLabel(holder), QPushButton(holder)
    tab_in_order([one, label, three, two])
    assert one.nextInFocusChain() is three
    assert three.nextInFocusChain() is two
