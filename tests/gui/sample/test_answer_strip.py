from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_the_strip_shows_every_candidate_and_switches(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(1)
    buttons = inspector.strip._buttons()
    assert [b.text() for b in buttons] == ["✓  old: cat", "✗  plain: fox", "✓  MPT_KL: cat"]
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert workspace.current is workspace.version("plain")
    qtbot.mouseClick(buttons[2], Qt.MouseButton.LeftButton)
    assert workspace.current is workspace.version("mpt")
    assert workspace.selected == 1
    assert inspector.verdict.text() == "✓ → ✓  Both right"


def test_that_long_names_do_not_widen_it(inspector: Inspector, workspace: Workspace) -> None:
    workspace.rename("plain", "a very long label " * 10)
    workspace.select(1)
    content = inspector.strip.parentWidget()
    assert content is not None
    assert content.width() <= inspector.width()
