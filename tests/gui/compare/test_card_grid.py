from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_cards_stack_in_a_narrow_window(page: ComparePage) -> None:
    page.resize(600, 900)
    assert page.grid.columns == 1
    page.resize(1000, 900)
    assert page.grid.columns == 2


def test_that_the_last_of_an_odd_number_of_cards_has_its_row_to_itself(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    assert page.grid.cards[5].isVisible()
    both = page.grid.cards[4].width()
    workspace.remove("mpt")
    assert not page.grid.cards[5].isVisible()
    qtbot.waitUntil(lambda: page.grid.cards[4].width() > 1.8 * both)
