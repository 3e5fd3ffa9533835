"""Somebody's name on a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.decide.sign_off_dialog import SignOffDialog
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_a_verdict_is_signed_off_with_a_name(qtbot: QtBot, workspace: Workspace, file: Path) -> None:
    made = SignOffDialog(workspace, None)
    qtbot.addWidget(made)
    assert not made.ok.isEnabled()
    made.name.setText("Ada")
    made.comment.setPlainText("by <b>hand</b>")
    made.accept()
    qtbot.waitUntil(lambda: bool(workspace.deciding.judged and workspace.deciding.judged.signed))
    assert "Signed off by Ada" in workspace.deciding.judged.signed[0]
    assert workspace.deciding.judged.signed[0].endswith("by <b>hand</b>")
