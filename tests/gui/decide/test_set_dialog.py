"""A named set of what is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.compare import read_ids
from mpt_studio.decide import IdSet, read_policy
from mpt_studio.gui.decide.set_dialog import SetDialog
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_a_set_of_what_is_marked_is_written_and_added_in_one_go(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    workspace.select(1)
    workspace.judging.block()
    made = SetDialog(workspace, None)
    qtbot.addWidget(made)
    assert made.source.currentText() == "Marked as blockers: 1 image"
    assert (made.name.text(), made.missing()) == ("blockers 2", "")
    made.name.setText("blockers")
    assert made.missing() == "The policy has a set blockers already; choose another name."
    made.name.setText("regulator 7")
    assert made.file.path == str(tmp_path / "regulator_7.txt")
    assert made.ok.isEnabled()
    made.accept()
    assert read_ids(tmp_path / "regulator_7.txt") == ("test/01",)
    sets = read_policy(file).must_not_flip
    assert sets[1] == IdSet("regulator 7", ("test/01",), "regulator_7.txt")


def test_that_the_selection_and_the_filter_make_sets_as_well(qtbot: QtBot, workspace: Workspace, file: Path) -> None:
    workspace.select(4)
    made = SetDialog(workspace, None)
    qtbot.addWidget(made)
    texts = [made.source.itemText(i) for i in range(made.source.count())]
    assert texts == ["Marked as blockers: 0 images", "Selected: 1 image", "Shown by the filter: 4 images"]
    assert len(made.ids) == 4
    made.source.setCurrentIndex(1)
    assert made.ids == ["test/04"]
