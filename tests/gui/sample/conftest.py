from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen

pytestmark = pytest.mark.gui


@pytest.fixture
def inspector(qtbot: QtBot, workspace: Workspace) -> Inspector:
    return seen(qtbot, Inspector(workspace), 320, 800)
