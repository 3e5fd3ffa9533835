from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def inspector(qtbot: QtBot, workspace: Workspace) -> Inspector:
    made = Inspector(workspace)
    qtbot.addWidget(made)
    made.resize(320, 800)
    with qtbot.waitExposed(made):
        made.show()
    return made
