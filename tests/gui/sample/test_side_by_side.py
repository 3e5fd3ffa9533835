from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.side_by_side import SideBySide
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import overlay

pytestmark = pytest.mark.gui


def test_that_one_sample_is_shown_under_both_versions(workspace: Workspace, asked: Path, qtbot: QtBot) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    workspace.select(1)
    with qtbot.waitExposed(beside):
        beside.show()
    beside.show_rows(np.array([1]))
    old, new = (pane.image for pane in beside.versions.panes)
    qtbot.waitUntil(lambda: overlay(old) and overlay(new))
    assert not beside._several.isVisible()
    qtbot.keyClick(beside, "+")
    assert new.transform().m11() == pytest.approx(old.transform().m11(), rel=0.02)
    assert not old._fits
    beside.show_rows(np.array([1, 2]))
    assert beside._several.isVisible()
    assert not beside.versions.isVisible()


@pytest.mark.parametrize(("width", "across"), [(1000, 4), (500, 2)])
def test_that_images_side_by_side_have_room_and_the_hint_is_whole(
    workspace: Workspace, qtbot: QtBot, width: int, across: int
) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    beside.resize(width, 500)
    with qtbot.waitExposed(beside):
        beside.show()
    beside.show_rows(np.array([0, 1, 2, 6]))
    qtbot.wait(20)
    assert len({column.y() for column in beside._columns}) == 4 // across
    assert beside.hint.height() >= beside.hint.heightForWidth(beside.hint.width())


@pytest.mark.parametrize("rows", [[1, 2], [1]])
def test_that_s_shows_or_hides_where_they_look_wherever_the_keyboard_is(
    qtbot: QtBot, workspace: Workspace, rows: list[int]
) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    with qtbot.waitActive(beside):
        beside.show()
        beside.activateWindow()
    beside.show_rows(np.array(rows))
    several = len(rows) > 1
    keyboard = beside.looks.side if several else beside.versions.choice
    beside.setFocus()
    keyboard.setFocus()
    before = beside.looks.switch.isChecked() if several else beside.versions._is_covered
    qtbot.keyClick(keyboard, Qt.Key.Key_S)
    after = beside.looks.switch.isChecked() if several else beside.versions._is_covered
    assert after is not before
