from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    return opened(qtbot, workspace)


def opened(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    return seen(qtbot, ComparePage(workspace), 900, 900)


def cell(page: ComparePage, row: int, title: str) -> str:
    model = page.table.candidates
    heads = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    titles = [head.partition("\n")[0] for head in heads]
    return str(model.data(model.index(row, titles.index(title))))
