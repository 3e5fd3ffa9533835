"""The windows that are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from mpt_studio.gui.decide.policy_dialog import PolicyDialog
from mpt_studio.gui.decide.tools import DecideTools
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_the_editor_opens_once_and_takes_over_a_set_that_is_made_meanwhile(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    tools = DecideTools(window, workspace)
    tools.open("policy")
    tools.edit()
    (made,) = window.findChildren(PolicyDialog)
    made.criteria.asked["max_nfr"].share.setValue(5)
    workspace.deciding.add_set("new", ["test/03"], tmp_path / "new.txt", {})
    assert [each.name for each in made.policy().must_not_flip] == ["blockers", "new"]
    assert made.policy().max_nfr == 0.05
    made.reject()
