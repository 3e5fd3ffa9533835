from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Fate
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_versions_are_followed_from_the_first_to_the_last(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    # right by sample: old 0, 1, 2, 4, 5, 6; plain 0, 3, 4, 8; MPT_KL 0, 1, 3, 4, 5, 8
    found = {fate.name: button.text().split()[-1] for fate, button in page.history.buttons.items()}
    assert found == {"LOST": "2", "RECOVERED": "2", "FLAKY": "0", "ALWAYS_WRONG": "2"}
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(page.history.buttons[Fate.LOST], Qt.MouseButton.LeftButton)
    assert sorted(workspace.rows) == [2, 6]
    assert workspace.filter.chips() == [("samples", "lost, old → plain → MPT_KL")]
    page.history.matrix.chosen.emit(0, 1)
    assert sorted(workspace.rows) == [1, 2, 5, 6]
    cells = page.history.matrix.cells
    assert cells is not None
    assert cells.sentence(0, 1) == "From old to plain: NFR (all) 40.0 % (16.8–68.7), 4 of 10 samples."
    workspace.remove("mpt")
    assert page.grid.cards[5].isHidden()
