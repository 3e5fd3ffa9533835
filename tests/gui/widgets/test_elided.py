from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.elided import ElidedLabel

pytestmark = pytest.mark.gui

NAME = "candidate_2026-11-29_mpt_kl_resnet18_of_the_night_final_v2"


@pytest.fixture
def name(qtbot: QtBot) -> ElidedLabel:
    made = ElidedLabel(NAME)
    qtbot.addWidget(made)
    made.resize(160, 24)
    made.show()
    return made


def hover(name: ElidedLabel) -> str:
    place = QPoint(5, 5)
    QApplication.sendEvent(name, QHelpEvent(QHelpEvent.Type.ToolTip, place, name.mapToGlobal(place)))
    return QToolTip.text()


def test_that_a_long_name_gives_way_in_the_middle(name: ElidedLabel) -> None:
    head, _, tail = name.shown.partition("…")
    assert NAME.startswith(head)
    assert NAME.endswith(tail)
    assert min(len(head), len(tail)) > 3
    assert name.text() == NAME


def test_that_hovering_says_it_whole(name: ElidedLabel) -> None:
    assert NAME in hover(name)
    name.setToolTip("MPT_KL")
    assert NAME in hover(name)
    assert "MPT_KL" in hover(name)


def test_that_a_name_with_room_is_shown_as_it_is(name: ElidedLabel) -> None:
    name.resize(name.sizeHint().width() + 4, 24)
    assert name.shown == NAME
