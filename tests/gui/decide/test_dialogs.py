"""The windows about the verdict: the policy's editor, a new set, signing off."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMainWindow
from pytestqt.qtbot import QtBot

from mpt_studio.compare import read_ids, read_metadata
from mpt_studio.decide import IdSet, Slice, read_policy
from mpt_studio.gui.decide.parts_form import SetLine, where_of
from mpt_studio.gui.decide.policy_dialog import PolicyDialog
from mpt_studio.gui.decide.set_dialog import SetDialog
from mpt_studio.gui.decide.sign_off_dialog import SignOffDialog
from mpt_studio.gui.decide.tools import DecideTools
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui

FULL = """# ours
[accuracy]
min_gain = -0.5     # points
[nfr]
max = 0.0123456
[must_not_flip]
files = ["blockers.txt"]
[slices]
"camera = night" = { max_nfr = 0.03 }
[review]
criteria = ["slices"]
[evidence]
confidence = 0.95
"""


@pytest.fixture
def file(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> Path:
    """A policy that is in force, with metadata for its slice."""
    (tmp_path / "blockers.txt").write_text("test/00\ntest/01\nnobody\n")
    rows = "".join(f"test/{i:02d},{'night' if i % 2 else 'day'}\n" for i in range(10))
    (tmp_path / "meta.csv").write_text(f"sample_id,camera\n{rows}")
    comparison = workspace.comparison()
    assert comparison is not None
    comparison.set_metadata(read_metadata(tmp_path / "meta.csv", comparison))
    (tmp_path / "policy.toml").write_text(FULL)
    workspace.deciding.open(tmp_path / "policy.toml")
    qtbot.waitUntil(lambda: workspace.deciding.judged is not None)
    return tmp_path / "policy.toml"


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


@pytest.mark.parametrize(("column", "value", "where"), [("a", "b c", "a = b c"), ("a:b", "c", '"a:b":c')])
def test_that_a_column_that_would_be_misread_is_named_in_a_search_text(column: str, value: str, where: str) -> None:
    assert where_of(column, value) == where


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


def test_that_a_set_of_what_is_marked_is_written_and_added_in_one_go(
    qtbot: QtBot, workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    workspace.select(1)
    workspace.judging.block()
    made = SetDialog(workspace, None)
    qtbot.addWidget(made)
    assert made.source.currentText() == "Marked as blockers: 1 image"
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
