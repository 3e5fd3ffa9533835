from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from .conftest import cell

pytestmark = pytest.mark.gui


def test_that_the_table_has_every_rate_with_its_interval(page: ComparePage) -> None:
    page.set_subset("all")
    assert cell(page, 0, "Candidate") == "plain (reference)"
    assert cell(page, 0, "Accuracy") == "40.0 % (16.8–68.7)"
    assert cell(page, 0, "NFR") == "40.0 % (16.8–68.7)"
    assert cell(page, 0, "PFR") == "20.0 % (5.7–51.0)"
    assert cell(page, 0, "Rel. NFR") == "1.11"
    assert cell(page, 0, "BTC") == "33.3 % (9.7–70.0)"
    assert cell(page, 0, "BEC") == "50.0 % (15.0–85.0)"
    assert cell(page, 0, "Churn") == "60.0 % (31.3–83.2)"
    assert cell(page, 0, "Intrusion") == "75.0 % (30.1–95.4)"
    assert cell(page, 1, "NFR") == "20.0 % (5.7–51.0)"


def test_that_the_recommended_candidate_is_marked_with_its_reason(page: ComparePage, workspace: Workspace) -> None:
    assert cell(page, 1, "Candidate") == "MPT_KL (★ recommended)"
    assert workspace.recommending.picked is not None
    assert page.reason.text() == f"★ {workspace.recommending.picked.reason}"


def test_that_a_click_on_a_row_puts_the_candidate_on_show(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    where = page.table.visualRect(page.table.candidates.index(1, 0)).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert workspace.current is workspace.version("mpt")
    assert page.title.text() == "MPT_KL against old"
    assert page.quadrants.cells[FlipKind.NEGATIVE].accessibleName().startswith("negative flips: 2 of 8")


def test_that_the_table_follows_the_workspace(page: ComparePage, workspace: Workspace) -> None:
    workspace.set_current("mpt")
    assert page.table.currentIndex().row() == 1


def test_that_headers_and_intervals_have_their_room(page: ComparePage) -> None:
    page.resize(500, 700)
    page.set_subset("old_classes")
    table = page.table
    words = ["old classes", "Accuracy", "Intrusion", "99.9–99.9"]
    font = table.font()
    font.setPointSizeF(8)
    font.setBold(True)
    widest = max(QFontMetrics(font).horizontalAdvance(word) for word in words) + 10  # what the sheet pads
    assert all(table.columnWidth(column) > widest for column in range(1, table.model().columnCount()))
