"""The verdict at the top of Compare: what it says, what it leads to, and that it is never one that nobody asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from mpt_studio.decide import IdSet, Policy, Slice
from mpt_studio.gui.decide.interval_bar import IntervalBar
from mpt_studio.gui.decide.verdict_view import VerdictView
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen

pytestmark = pytest.mark.gui


@pytest.fixture
def view(qtbot: QtBot, workspace: Workspace) -> VerdictView:
    return seen(qtbot, VerdictView(workspace), 700, 500)


def judged(qtbot: QtBot, view: VerdictView, policy: Policy) -> VerdictView:
    view.deciding.save(policy)
    qtbot.waitUntil(lambda: view.deciding.judged is not None and view.deciding.judged.policy == policy)
    return view


def button(view: VerdictView, name: str) -> QAbstractButton:
    return next(each for each in view.findChildren(QAbstractButton) if each.accessibleName() == name)


def test_that_without_a_policy_it_asks_for_one_and_says_nothing_else(view: VerdictView) -> None:
    assert view.word.text() == "May it ship?"
    assert view.starting.isVisible()
    assert not view.deeds.isVisible()
    assert not view.criteria.isVisible()


def test_that_a_starting_point_is_judged_by_at_once(qtbot: QtBot, view: VerdictView) -> None:
    qtbot.mouseClick(view.starting.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.deciding.judged is not None)
    assert view.word.text() == "✗\u2002Hold"
    assert view.word.accessibleName() == "Verdict: Hold"
    assert view.sentence.text() == "Of 1 criterion 1 fails."
    assert view.name.text() == "plain against old"
    assert view.policy.text() == "My policy"
    assert not view.starting.isVisible()
    assert view.criteria.isVisible()


def test_that_the_images_that_break_a_criterion_are_one_click_away(
    qtbot: QtBot, view: VerdictView, workspace: Workspace
) -> None:
    judged(qtbot, view, Policy(max_nfr=0.01))
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(button(view, "Show the 4 images that break NFR"), Qt.MouseButton.LeftButton)
    assert sorted(workspace.rows.tolist()) == [1, 2, 5, 6]
    assert workspace.filter.chips() == [("samples", "NFR (old classes)")]


def test_that_a_class_that_does_not_pass_leads_to_its_flips(
    qtbot: QtBot, view: VerdictView, workspace: Workspace
) -> None:
    judged(qtbot, view, Policy(max_class_nfr=0.01, confidence=0))
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(button(view, "Show the negative flips of class cat"), Qt.MouseButton.LeftButton)
    assert sorted(workspace.rows.tolist()) == [1, 2]


def test_that_a_set_is_opened_whole_and_its_flips_alone(
    qtbot: QtBot, view: VerdictView, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "blockers.txt").write_text("test/00\ntest/01\nnobody\n")
    view.deciding.path = tmp_path / "policy.toml"
    judged(qtbot, view, Policy(must_not_flip=(IdSet("blockers", ("test/00", "test/01", "nobody"), "blockers.txt"),)))
    assert "1 listed id is not among the samples" in view.notes.text()
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(button(view, "Show the images that must not flip: blockers"), Qt.MouseButton.LeftButton)
    assert sorted(workspace.rows.tolist()) == [0, 1]
    qtbot.mouseClick(button(view, "Show the 1 image that break Negative flips"), Qt.MouseButton.LeftButton)
    assert workspace.rows.tolist() == [1]


def test_that_where_all_passes_it_is_folded_and_can_be_unfolded(qtbot: QtBot, view: VerdictView) -> None:
    judged(qtbot, view, Policy(max_nfr=0.99))
    assert view.word.text() == "✓\u2002Ship"
    assert not view.criteria.isVisible()
    qtbot.mouseClick(view.fold, Qt.MouseButton.LeftButton)
    assert view.criteria.isVisible()
    assert view.fold.accessibleName() == "Hide the criteria"


def test_that_a_verdict_of_many_criteria_leaves_no_gap_below_the_next_one(qtbot: QtBot, view: VerdictView) -> None:
    few = Policy(max_nfr=0.01)
    many = Policy(max_nfr=0.01, max_class_nfr=0.01, min_accuracy_gain=0.5, min_accuracy_new=0.9)
    heights = []
    for policy in (few, many, few):
        judged(qtbot, view, policy)
        QApplication.processEvents()  # lines are shown by then
        heights.append(view.criteria.sizeHint().height())
    assert heights[0] == heights[2] < heights[1]


def test_that_too_little_evidence_says_what_would_settle_it(qtbot: QtBot, view: VerdictView) -> None:
    judged(qtbot, view, Policy(max_nfr=0.4))
    assert view.word.text() == "?\u2002Too little evidence"
    finding = view.deciding.judged.verdict.findings[0]
    texts = [each.text() for each in view.criteria.findChildren(QLabel)]
    assert f"{finding.further_samples:,} more images would settle it, were the rate to stay." in texts


def test_that_it_follows_the_offset_and_names_it(qtbot: QtBot, view: VerdictView, workspace: Workspace) -> None:
    judged(qtbot, view, Policy(max_nfr=0.01))
    before = view.deciding.judged
    workspace.set_offset(100.0)
    qtbot.waitUntil(lambda: view.deciding.judged is not before and view.deciding.judged is not None)
    assert view.name.text() == "plain at γ = 100.00 against old"
    assert view.deciding.judged.verdict.findings[0].broken_count == 3


def test_that_a_slice_that_cannot_be_found_is_a_sentence_and_no_verdict(qtbot: QtBot, view: VerdictView) -> None:
    judged(qtbot, view, Policy(max_nfr=0.5, slices=(Slice("camera = night", max_nfr=0.03),)))
    assert view.word.text() == "May it ship?"
    assert view.sentence.text().startswith("The slice 'camera = night' needs metadata")
    assert not view.deeds.isVisible()


def test_that_export_needs_weights_and_a_report_somebody_who_writes_one(qtbot: QtBot, view: VerdictView) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    view.setParent(window)
    window.show()
    view.show()
    judged(qtbot, view, Policy(max_nfr=0.99))
    assert not view.export.isEnabled()
    assert not view.report.isVisible()
    action = QAction("Report…", window)
    action.setObjectName("report")
    view.refresh()
    assert view.report.isVisible()
    with qtbot.waitSignal(action.triggered):
        view.report.click()
    view.setParent(None)


def test_that_a_bar_shows_interval_and_threshold_in_both_schemes(qtbot: QtBot, view: VerdictView) -> None:
    judged(qtbot, view, Policy(max_nfr=0.01, min_accuracy_gain=-1.0))
    low, high = view.criteria.findChildren(IntervalBar)[0].reach
    assert low < 0.01
    assert high > 0.5
    theme.set_scheme("dark")
    try:
        assert not view.grab().isNull()
    finally:
        theme.set_scheme("light")
    assert not view.grab().isNull()
