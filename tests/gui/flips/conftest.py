from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> FlipsPage:
    return seen(qtbot, FlipsPage(workspace), 900, 620)
