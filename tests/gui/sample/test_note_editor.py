from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.flips import Mark
from mpt_studio.gui.sample.note_editor import NoteEditor
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_a_note_is_kept_when_another_image_is_selected(qtbot: QtBot, workspace: Workspace) -> None:
    editor = NoteEditor(workspace)
    qtbot.addWidget(editor)
    workspace.select(1)
    editor.note.setPlainText("looks <b>odd</b>")
    workspace.select(2)
    assert editor.note.toPlainText() == ""
    workspace.select(1)
    assert editor.note.toPlainText() == "looks <b>odd</b>"
    assert workspace.judging.notes() == {"test/01": "looks <b>odd</b>"}


def test_that_the_buttons_show_the_mark(qtbot: QtBot, workspace: Workspace) -> None:
    editor = NoteEditor(workspace)
    qtbot.addWidget(editor)
    workspace.select(6)
    assert not any(button.isChecked() for button in editor.buttons.values())
    workspace.judging.mark(Mark.BLOCKER)
    workspace.select(6)
    assert editor.buttons[Mark.BLOCKER].isChecked()
