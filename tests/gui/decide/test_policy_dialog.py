"""The policy's editor: what is edited is judged at once, the rest of the file stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from mpt_studio.decide import Slice, read_policy
from mpt_studio.gui.decide.parts_form import SetLine
from mpt_studio.gui.decide.policy_dialog import PolicyDialog
from mpt_studio.gui.workspace.workspace import Workspace

from .conftest import FULL

pytestmark = pytest.mark.gui


def opened(qtbot: QtBot, workspace: Workspace) -> PolicyDialog:
    made = PolicyDialog(workspace, None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_an_editor_in_which_nothing_is_changed_says_what_the_file_says(
    qtbot: QtBot, workspace: Workspace, file: Path
) -> None:
    made = opened(qtbot, workspace)
    assert made.policy() == read_policy(file)
    made.keep(None)
    assert file.read_text() == FULL


def test_that_what_is_edited_is_judged_at_once_and_the_rest_stays_as_it_was(
    qtbot: QtBot, workspace: Workspace, file: Path
) -> None:
    made = opened(qtbot, workspace)
    made.criteria.asked["min_accuracy_gain"].share.setValue(1.5)
    qtbot.waitUntil(lambda: workspace.deciding.draft is not None)
    qtbot.waitUntil(lambda: made.told.text().startswith("plain: Of 4 criteria"))
    assert read_policy(file).min_accuracy_gain == -0.005
    made.keep(None)
    assert workspace.deciding.draft is None
    assert file.read_text() == FULL.replace("min_gain = -0.5 ", "min_gain = 1.5 ")


def test_that_cancelling_leaves_file_and_verdict(qtbot: QtBot, workspace: Workspace, file: Path) -> None:
    made = opened(qtbot, workspace)
    made.criteria.asked["max_nfr"].box.setChecked(False)
    qtbot.waitUntil(lambda: workspace.deciding.draft is not None)
    made.reject()
    assert workspace.deciding.draft is None
    assert file.read_text() == FULL


def test_that_words_stand_for_what_is_no_number(qtbot: QtBot, workspace: Workspace, file: Path) -> None:
    made = opened(qtbot, workspace)
    assert made.criteria.samples.text() == "any number of images"
    made.criteria.by_value.setChecked(True)
    assert not made.criteria.confidence.isEnabled()
    assert made.policy().confidence == 0
    made.criteria.leads["max_nfr"].setCurrentIndex(1)
    assert set(made.policy().review) == {"nfr.max", "slices.camera = night"}


def test_that_slices_are_chosen_from_what_is_there(qtbot: QtBot, workspace: Workspace, file: Path) -> None:
    made = opened(qtbot, workspace)
    assert [made.slices.values.itemText(i) for i in range(2)] == ["day · 5 images", "night · 5 images"]
    made.slices.values.setCurrentIndex(0)
    qtbot.mouseClick(made.slices.add_slice, Qt.MouseButton.LeftButton)
    assert made.policy().slices == (Slice("camera = night", 0.03), Slice("camera = day", 0.03))
    made.slices.lines[0].remove.click()
    assert made.policy().slices == (Slice("camera = day", 0.03),)
    assert made.policy().review == ()


def test_that_sets_say_what_is_listed_found_and_missing_and_are_opened(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    made = opened(qtbot, workspace)
    line = made.sets.lines[0]
    assert isinstance(line, SetLine)
    assert line.counts.text() == "3 listed, 2 here, ▲ 1 not found"
    with qtbot.waitSignal(workspace.show_flips):
        next(b for b in line.findChildren(QAbstractButton) if b.accessibleName().startswith("Show")).click()
    assert sorted(workspace.rows.tolist()) == [0, 1]
    (tmp_path / "more.txt").write_text("test/05\n")
    made.add_list(tmp_path / "more.txt")
    made.add_list(tmp_path / "more.txt")
    assert "There is a set called more already" in made.problem.text()
    made.add_list(tmp_path / "missing.txt")
    assert "missing.txt" in made.problem.text()
    made.keep(None)
    assert [each.file for each in read_policy(file).must_not_flip] == ["blockers.txt", "more.txt"]


def test_that_saving_elsewhere_takes_the_lists_along(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    made = opened(qtbot, workspace)
    made.keep(tmp_path / "repository" / "release.toml")
    assert workspace.deciding.path == tmp_path / "repository" / "release.toml"
    assert read_policy(tmp_path / "repository" / "release.toml").must_not_flip[0].ids == (
        "test/00",
        "test/01",
        "nobody",
    )


def test_that_what_cannot_be_written_stays_in_the_form(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    made = opened(qtbot, workspace)
    (tmp_path / "bad.toml").write_text("[nfr\n")
    made.criteria.asked["max_nfr"].share.setValue(2)
    made.keep(tmp_path / "bad.toml")
    assert "is not TOML" in made.problem.text()
    assert made.isVisible()
    assert (tmp_path / "bad.toml").read_text() == "[nfr\n"
