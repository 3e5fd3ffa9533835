from __future__ import annotations

from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen

pytestmark = pytest.mark.gui


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> FlipsPage:
    return seen(qtbot, FlipsPage(workspace), 1200, 700)


@pytest.mark.parametrize("width", [560, 640, 760, 900, 1200])
def test_that_the_tools_stay_in_one_row_inside_the_page(page: FlipsPage, qtbot: QtBot, width: int) -> None:
    page.resize(width, 700)
    qtbot.wait(20)
    tools = page.tools
    assert tools.height() <= 2 * tools.sort.height()
    parts = [tools._row.itemAt(i).widget() for i in range(tools._row.count())]
    seen = [part for part in parts if part is not None and part.isVisible()]
    assert all(part.geometry().right() <= tools.width() for part in seen)
    assert all(a.geometry().right() < b.geometry().left() for a, b in pairwise(seen))
    assert all(part.width() >= part.sizeHint().width() for part in seen)


def test_that_a_wide_page_has_words_and_no_menu(page: FlipsPage) -> None:
    assert page.tools.group.isVisible()
    assert page.tools.size_slider.isVisible()
    assert not page.tools.more.isVisible()


def test_that_a_narrow_page_groups_and_resizes_from_the_menu(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    page.resize(600, 700)
    qtbot.wait(20)
    tools = page.tools
    assert tools.more.isVisible()
    assert not tools.group.isVisible()
    tools._fill_menu()
    entries = {action.text(): action for action in tools.menu.actions()}
    assert entries["Do not group"].isChecked()
    size = page.grid.thumbnail
    entries["Larger images"].trigger()
    assert page.grid.thumbnail > size
    entries["Group by flow pair"].trigger()
    assert workspace.group_by == "flow"
    assert workspace.groups
    page.resize(1200, 700)
    qtbot.wait(20)
    assert tools.group.currentText() == "Flow pair"
