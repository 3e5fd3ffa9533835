from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_a_card_shows_that_there_is_a_note_and_its_tip_says_it(page: FlipsPage, workspace: Workspace) -> None:
    row = int(workspace.rows[1])
    comparison = workspace.comparison()
    assert comparison is not None
    index = page.grid.flips.index(1)
    before = page.grid.viewport().grab(page.grid.visualRect(index)).toImage()
    workspace.judging.note(comparison, row, "the tail of <b>a</b> fox")
    after = page.grid.viewport().grab(page.grid.visualRect(index)).toImage()
    assert before != after
    assert "Note: the tail of &lt;b&gt;a&lt;/b&gt; fox" in page.grid.flips.data(index, Qt.ItemDataRole.ToolTipRole)
    workspace.judging.note(comparison, row, "")
    assert page.grid.viewport().grab(page.grid.visualRect(index)).toImage() == before
