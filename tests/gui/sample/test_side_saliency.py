from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.side_by_side import SideBySide
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import overlay

pytestmark = pytest.mark.gui


def test_that_one_switch_shows_where_a_version_looks_on_all_images(
    workspace: Workspace, asked: Path, qtbot: QtBot
) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    beside.resize(900, 500)
    with qtbot.waitExposed(beside):
        beside.show()
    beside.show_rows(np.array([1, 2, 6]))
    assert beside.looks.isVisible()
    qtbot.keyClick(beside, "s")
    qtbot.waitUntil(lambda: [overlay(image) for image in beside.images] == [True] * 3 + [False])
    assert beside.told.text() == ""
    asked_for = {line.split()[1] for line in asked.read_text().splitlines() if line.startswith("saliency")}
    assert asked_for == {"test/01", "test/02", "test/06"}
    beside.looks.side.setCurrentIndex(0)
    beside.looks.side.activated.emit(0)
    qtbot.waitUntil(lambda: all(overlay(image) for image in beside.images[:3]))
    qtbot.keyClick(beside, "s")
    assert not any(overlay(image) for image in beside.images)


def test_that_the_switch_says_why_there_is_nothing_to_see(workspace: Workspace, asked: Path, qtbot: QtBot) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    for version in workspace.candidates:
        version.checkpoint = str(asked.parent / "broken.safetensors")
    (asked.parent / "broken.safetensors").touch()
    beside.show_rows(np.array([1, 2]))
    beside.looks.switch.setChecked(True)
    qtbot.waitUntil(lambda: beside.told.text() == "The weights are damaged.")
    for version in workspace.candidates:
        version.checkpoint = ""
    beside.looks.refresh()
    assert "came without its checkpoint" in beside.told.text()
