from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.flips.chips import ChipBar

pytestmark = pytest.mark.gui


def buttons(chips: ChipBar) -> list[QToolButton]:
    """Those on show, from the left."""
    return [button for button in chips.findChildren(QToolButton) if not button.isHidden()]


@pytest.fixture
def chips(qtbot: QtBot) -> ChipBar:
    made = ChipBar()
    qtbot.addWidget(made)
    made.resize(320, 100)
    made.set_chips([("kinds", "negative flip"), ("truths", "true class: salt & pepper")])
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_a_chip_asks_to_remove_its_filter(chips: ChipBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chips.removed) as removed:
        qtbot.mouseClick(buttons(chips)[1], Qt.MouseButton.LeftButton)
    assert removed.args == ["truths"]


def test_that_an_ampersand_is_shown(chips: ChipBar) -> None:
    assert buttons(chips)[1].text() == "true class: salt && pepper  ×"


def test_that_clear_all_appears_from_two_chips_on(chips: ChipBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chips.cleared):
        qtbot.mouseClick(buttons(chips)[-1], Qt.MouseButton.LeftButton)
    chips.set_chips([("kinds", "negative flip")])
    assert [b.text() for b in buttons(chips)] == ["negative flip  ×"]


def test_that_no_filter_takes_no_room(chips: ChipBar) -> None:
    chips.set_chips([])
    assert not chips.isVisible()


def test_that_many_chips_break_into_lines(chips: ChipBar) -> None:
    chips.set_chips([(str(i), f"filter number {i}") for i in range(8)])
    assert chips.layout().heightForWidth(320) > 2 * buttons(chips)[0].sizeHint().height()
