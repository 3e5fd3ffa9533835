"""The page as a whole: its table, what it picks, the logit offset, and what it says of what did not match."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import NEW_ANSWER, OLD_ANSWER, predictions
from .conftest import cell, opened

pytestmark = pytest.mark.gui


def test_that_every_figure_names_its_subset_and_n(page: ComparePage, qtbot: QtBot) -> None:
    qtbot.mouseClick(page.head.subsets.button(0), Qt.MouseButton.LeftButton)
    assert page.basis.text().startswith(
        "Over all samples, n = 10; the old model's accuracy is 75.0 % on its own classes, 60.0 % on these."
    )
    qtbot.mouseClick(page.head.subsets.button(1), Qt.MouseButton.LeftButton)
    assert page.basis.text().startswith(
        "Over old classes, n = 8; the old model's accuracy is 75.0 % on its own classes."
    )
    assert page.table.candidates.headerData(2, Qt.Orientation.Horizontal) == "NFR\nold classes"
    assert cell(page, 0, "NFR").startswith("50.0 %")
    model = page.table.candidates
    tip = model.data(model.index(0, 2), Qt.ItemDataRole.ToolTipRole)
    assert "NFR (old classes): 50.0 %" in tip
    assert "of 8 samples" in tip
    page.set_subset("new_classes")
    assert cell(page, 0, "BTC") == "–"


def test_that_the_tables_subset_is_the_one_that_the_sentence_below_decides_on(
    page: ComparePage, workspace: Workspace
) -> None:
    assert page.head.subsets.checkedButton().text() == "Old classes"
    assert page.picks.lowest.text() == "Lowest NFR (old classes)"
    told = "MPT_KL has the lowest NFR (old classes, n=8): 25.0 % against 50.0 % with plain training"
    assert page.reason.text().startswith(f"★ {told}")
    assert [cell(page, row, "NFR").partition(" (")[0] for row in (0, 1)] == ["50.0 %", "25.0 %"]
    page.set_subset("new_classes")
    workspace.set_current("mpt")
    assert page.head.subsets.checkedButton().text() == "New classes"
    assert page.basis.text().startswith("Over new classes, n = 2")
    assert page.reason.text().startswith(f"★ {told}")


def test_that_the_recommendation_speaks_of_the_subset_on_show(page: ComparePage) -> None:
    page.set_subset("all")
    assert page.picks.lowest.text() == "Lowest NFR (all)"
    assert "has the lowest NFR (all, n=10)" in page.picks.reason.text()
    page.set_subset("new_classes")  # which cannot flip
    assert "has the lowest NFR (old classes, n=8)" in page.picks.reason.text()


def test_that_the_selected_sample_is_marked_in_the_lists(page: ComparePage, workspace: Workspace) -> None:
    workspace.select(1)
    assert [kind for kind, c in page.quadrants.cells.items() if c._holds_selected] == [FlipKind.NEGATIVE]
    assert page.classes.bars._delegate.highlighted == "cat"
    assert page.flow.bars._delegate.highlighted == ("cat", "fox")
    workspace.select(None)
    assert page.flow.bars._delegate.highlighted is None


def test_that_what_did_not_match_is_reported_with_counts(qtbot: QtBot, workspace: Workspace) -> None:
    new = workspace.versions[1].predictions
    assert new is not None
    fewer = replace(new, sample_ids=new.sample_ids[:8], labels=new.labels[:8], logits=new.logits[:8], version="fewer")
    workspace.add_version(type(workspace.versions[1])("fewer", "fewer", "candidate", predictions=fewer))
    workspace.set_current("fewer")
    page = opened(qtbot, workspace)
    assert page.matching.isVisible()
    comparison = workspace.comparison()
    assert comparison is not None
    assert page.matching.text() == "⚠ " + " ".join(comparison.matching.sentences())
    assert "2" in page.matching.text()
    assert "test/08" in page.matching.text()


def test_that_without_versions_it_says_what_to_do(qtbot: QtBot, empty_workspace: Workspace) -> None:
    page = opened(qtbot, empty_workspace)
    assert page.nothing.text() == "Nothing to compare yet. Train an update, or open an old and a new version (Ctrl+O)."


def test_that_names_however_long_leave_the_page_as_wide_as_its_window(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    for version in workspace.candidates:
        workspace.rename(version.key, f"{version.label} of the camera at the northern gate, rebuilt")
    for width in (700, 560):
        page.resize(width, 800)
        qtbot.waitUntil(lambda: page.scroll_area.widget().width() <= page.width())


def test_that_a_refused_comparison_says_why(qtbot: QtBot, empty_workspace: Workspace, workspace: Workspace) -> None:
    old, new = workspace.versions[0], workspace.versions[1]
    assert new.predictions is not None
    other = replace(new.predictions, sample_ids=np.char.add("x", new.predictions.sample_ids))
    empty_workspace.add_version(type(old)("old", "old", "old", predictions=old.predictions))
    empty_workspace.add_version(type(old)("new", "new", "candidate", predictions=other))
    page = opened(qtbot, empty_workspace)
    assert "no sample in common" in page.nothing.text()


def test_that_it_paints_in_both_schemes(page: ComparePage, qapp: object) -> None:
    from mpt_studio.gui.widgets import theme

    theme.set_scheme("dark")
    try:
        assert not page.grab().isNull()
    finally:
        theme.set_scheme("light")
    assert not page.grab().isNull()


def test_that_a_test_part_without_old_classes_is_shown_all_the_same(
    qtbot: QtBot, empty_workspace: Workspace, workspace: Workspace
) -> None:
    for version in workspace.versions[:2]:
        found = version.predictions
        assert found is not None
        last = replace(found, sample_ids=found.sample_ids[8:], labels=found.labels[8:], logits=found.logits[8:])
        empty_workspace.add_version(type(version)(version.key, version.label, version.role, predictions=last))
    page = opened(qtbot, empty_workspace)
    assert page.head.subsets.checkedButton().text() == "All"
    page.set_subset("old_classes")
    assert page.basis.text() == "Over old classes, n = 0. Small:\u00a095\u00a0%\u00a0intervals."
    assert cell(page, 0, "NFR") == "–"
    assert page.classes.bars.empty.text() == "No samples of old classes."
    assert page.frontier.readout.text().startswith("There are no samples of old classes")
    assert not page.grab().isNull()


def test_that_it_says_what_it_waits_for(workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.gui.workspace.comparisons.DIRECT_LOGITS", 5)
    made = ComparePage(workspace)
    qtbot.addWidget(made)
    assert made.nothing.text() == "Comparing plain with old…"
    for each in workspace.candidates:
        qtbot.waitUntil(lambda key=each.key: workspace.comparison(key) is not None)


def test_that_the_frontier_has_a_curve_per_candidate_through_its_rates(page: ComparePage, workspace: Workspace) -> None:
    curves = {curve.key: curve for curve in page.frontier.curves}
    assert list(curves) == ["plain", "mpt"]
    assert [curve.is_plain for curve in curves.values()] == [True, False]
    for key, curve in curves.items():
        comparison = workspace.comparison(key)
        assert comparison is not None
        assert curve.x[curve.at_zero] == pytest.approx(100 * (comparison.rates("old_classes").nfr or 0))
        assert curve.y[curve.at_zero] == pytest.approx(100 * (comparison.rates("all").accuracy_new or 0))


def test_that_the_point_at_zero_leads_to_negative_flips(page: ComparePage, workspace: Workspace) -> None:
    page.frontier.chosen.emit("mpt", 0.0)
    assert workspace.current is workspace.version("mpt")
    assert workspace.filter == Filter(kinds=(FlipKind.NEGATIVE,), subset="old_classes")


def test_that_another_offset_leads_to_exactly_its_flips(page: ComparePage, workspace: Workspace) -> None:
    page.frontier.chosen.emit("plain", 100.0)
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.gamma == 100.0
    # no answer is fox any more: 1, 5 and 6 fall back to the first class by name, as all old logits are 0
    assert sorted(workspace.rows) == [2, 5, 6]
    assert page.offset.number.value() == 100.0


def test_that_charts_that_cannot_be_written_say_why(page: ComparePage, workspace: Workspace, tmp_path: Path) -> None:
    told: list[str] = []
    workspace.message.connect(lambda level, sentence, detail: told.append(f"{level}: {sentence}"))
    page.export_charts(tmp_path / "missing", "png")
    assert len(told) == 1
    assert told[0].startswith("error: The charts could not be written")


def test_that_flips_are_there_and_the_frontier_says_why_it_is_not(qtbot: QtBot, answered: Workspace) -> None:
    page = ComparePage(answered)
    qtbot.addWidget(page)
    page.resize(900, 700)
    with qtbot.waitExposed(page):
        page.show()
    assert answered.comparison().rates("all").negative_flips == 4
    assert page.frontier.readout.text() == "There is no frontier: the update gave only answers, no scores."
    assert page.frontier.plot.isHidden()
    assert not page.offset.isEnabled()
    assert "There is no logit offset" in page.offset.toolTip()
    assert "not available: margin drop, confidence" in page.matching.text()


def test_that_where_no_class_is_new_nobody_speaks_of_new_classes(qtbot: QtBot, empty_workspace: Workspace) -> None:
    for role, answers in (("old", OLD_ANSWER), ("candidate", NEW_ANSWER)):
        empty_workspace.add_version(Version(role, role, role, predictions=predictions(answers, 3, role)))
    page = opened(qtbot, empty_workspace)
    assert [page.head.subsets.button(i).isVisible() for i in range(3)] == [True, True, False]
    assert not page.flow.summary.isVisible()
    page.set_subset("new_classes")
    assert page.subset == "old_classes"


def test_that_figures_over_new_classes_are_offered_where_there_are_any(page: ComparePage) -> None:
    assert page.head.subsets.button(2).isVisible()
