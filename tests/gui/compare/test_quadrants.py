from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("kind", list(FlipKind))
def test_that_a_quadrant_leads_to_its_samples(
    page: ComparePage, workspace: Workspace, qtbot: QtBot, kind: FlipKind
) -> None:
    page.set_subset("all")
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(page.quadrants.cells[kind], Qt.MouseButton.LeftButton)
    comparison = workspace.comparison()
    assert comparison is not None
    assert sorted(workspace.rows) == np.flatnonzero(comparison.kinds == kind).tolist()


def test_that_a_quadrant_keeps_the_subset(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    page.set_subset("new_classes")
    qtbot.keyClick(page.quadrants.cells[FlipKind.BOTH_WRONG], Qt.Key.Key_Space)
    assert workspace.filter == Filter(kinds=(FlipKind.BOTH_WRONG,), subset="new_classes")
    assert workspace.rows.tolist() == [9]
