"""The page as a whole: its table, what it picks, the logit offset, and what it says of what did not match."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from mpt_studio.compare import OffsetRecommendation, at_offset
from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    return opened(qtbot, workspace)


def opened(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    made = ComparePage(workspace)
    qtbot.addWidget(made)
    made.resize(900, 900)
    with qtbot.waitExposed(made):
        made.show()
    return made


def cell(page: ComparePage, row: int, title: str) -> str:
    model = page.table.candidates
    heads = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    titles = [head.partition("\n")[0] for head in heads]
    return str(model.data(model.index(row, titles.index(title))))


def test_that_the_table_has_every_rate_with_its_interval(page: ComparePage) -> None:
    assert cell(page, 0, "candidate") == "plain (plain training)"
    assert cell(page, 0, "accuracy") == "40.0 % (16.8–68.7)"
    assert cell(page, 0, "NFR") == "40.0 % (16.8–68.7)"
    assert cell(page, 0, "PFR") == "20.0 % (5.7–51.0)"
    assert cell(page, 0, "rel. NFR") == "1.11"
    assert cell(page, 0, "BTC") == "33.3 % (9.7–70.0)"
    assert cell(page, 0, "BEC") == "50.0 % (15.0–85.0)"
    assert cell(page, 0, "churn") == "60.0 % (31.3–83.2)"
    assert cell(page, 0, "intrusion") == "75.0 % (30.1–95.4)"
    assert cell(page, 1, "NFR") == "20.0 % (5.7–51.0)"


def test_that_the_recommended_candidate_is_marked_with_its_reason(page: ComparePage, workspace: Workspace) -> None:
    assert cell(page, 1, "candidate") == "MPT_KL (★ recommended)"
    assert workspace.recommending.found is not None
    assert page.reason.text() == f"★ {workspace.recommending.found.reason}"


def test_that_every_figure_names_its_subset_and_n(page: ComparePage, qtbot: QtBot) -> None:
    assert page.basis.text().startswith("Over all samples, n = 10; the old model's accuracy is 60.0 %.")
    qtbot.mouseClick(page.subsets.button(1), Qt.MouseButton.LeftButton)
    assert page.basis.text().startswith("Over old classes, n = 8; the old model's accuracy is 75.0 %.")
    assert page.table.candidates.headerData(2, Qt.Orientation.Horizontal) == "NFR\nold classes"
    assert cell(page, 0, "NFR").startswith("50.0 %")
    model = page.table.candidates
    tip = model.data(model.index(0, 2), Qt.ItemDataRole.ToolTipRole)
    assert "NFR (old classes): 50.0 %" in tip
    assert "of 8 samples" in tip
    page.set_subset("new_classes")
    assert cell(page, 0, "BTC") == "–"


def test_that_a_click_on_a_row_puts_the_candidate_on_show(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    where = page.table.visualRect(page.table.candidates.index(1, 0)).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert workspace.current is workspace.version("mpt")
    assert page.title.text() == "MPT_KL against old"
    assert page.quadrants.cells[FlipKind.NEGATIVE].accessibleName().startswith("negative flips: 2 of 10")


def test_that_the_table_follows_the_workspace(page: ComparePage, workspace: Workspace) -> None:
    workspace.set_current("mpt")
    assert page.table.currentIndex().row() == 1


def test_that_the_offset_slider_moves_table_quadrants_charts_and_point(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(5)
    page.offset.slider.setValue(page.offset.slider.maximum())
    gamma = workspace.offsets.of("plain")
    assert gamma == pytest.approx(page.offset.number.value())
    base = workspace.comparison("plain")
    assert base is not None
    view = at_offset(base, gamma)
    negative = view.rates("all").negative_flips
    assert negative < base.rates("all").negative_flips
    assert cell(page, 0, "NFR").startswith(f"{10 * negative}.0 %")
    assert cell(page, 0, "candidate").startswith("plain (at γ = ")
    assert f"negative flips: {negative} of 10" in page.quadrants.cells[FlipKind.NEGATIVE].accessibleName()
    assert page.frontier.readout.text().startswith("plain at γ = ")
    with qtbot.waitSignal(workspace.current_changed):  # once, when the slider rests
        pass
    assert sum(int(row.text) for row in page.flow.bars.model.rows) == negative
    assert sorted(workspace.rows) == view.negative_flips.tolist()
    assert workspace.selected == 5
    assert cell(page, 1, "candidate").startswith("MPT_KL (")
    assert page.title.text() == f"{workspace.current_name} against old"
    assert workspace.current_name.startswith("plain at γ = ")


def test_that_a_button_leads_back_to_the_candidate_as_trained(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.keyClick(page.offset.slider, Qt.Key.Key_Right)
    assert workspace.offsets.of("plain") == pytest.approx(page.offset.slider.singleStep() * page.offset.step)
    with qtbot.waitSignal(workspace.offsets.settled):
        qtbot.mouseClick(page.offset.reset, Qt.MouseButton.LeftButton)
    assert workspace.comparison() is workspace.comparison("plain")
    assert not page.offset.reset.isEnabled()
    assert page.frontier.readout.text().startswith("Marks: γ = 0")


def test_that_each_candidate_has_an_offset_of_its_own(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.offsets.settled):
        workspace.set_offset(0.5)
    workspace.set_current("mpt")
    assert page.offset.number.value() == 0.0
    workspace.set_current("plain")
    assert page.offset.number.value() == 0.5
    workspace.set_old("mpt")
    assert workspace.offsets.of("plain") == 0.0


def test_that_candidates_are_told_apart_by_a_paired_test(page: ComparePage, workspace: Workspace) -> None:
    # of 10 samples, plain flips 1, 2, 5, 6 and MPT_KL only 2 and 6: p of 2 against 0 is 0.5
    assert cell(page, 0, "Δ NFR") == "– (on show)"
    assert cell(page, 1, "Δ NFR") == "−20.0 pt (p = 0.500)"
    workspace.set_current("mpt")
    assert cell(page, 0, "Δ NFR") == "+20.0 pt (p = 0.500)"
    model = page.table.candidates
    tip = model.data(model.index(0, model.columnCount() - 1), Qt.ItemDataRole.ToolTipRole)
    assert "2 negative flips only of plain, 0 only of MPT_KL, 2 of both (all, n=10)" in tip
    page.set_subset("old_classes")
    assert cell(page, 0, "Δ NFR") == "+25.0 pt (p = 0.500)"


def test_that_the_noise_floor_is_told_where_two_plain_trainings_are_open(
    page: ComparePage, workspace: Workspace
) -> None:
    assert page.floor.isHidden()
    old = workspace.versions[0]
    workspace.add_version(type(old)("seed", "other seed", "noise_floor", predictions=old.predictions))
    # both know cat and dog: there plain has 0, 3 and 4 right, and the other seed of these not 3
    assert page.floor.text() == (
        "Noise floor: two plain trainings that differ only in the seed have an NFR (all, n=8) "
        "of 12.5 % (2.2–47.1) between them."
    )


def test_that_the_points_that_may_be_lost_decide_what_is_picked(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    assert page.picks.picked is not None
    assert page.picks.picked.key == "mpt"
    page.picks.points.setValue(0.5)
    assert "within 0.5 points" in page.reason.text()
    assert workspace.recommending.found is not None
    assert "within 0.5 points" in workspace.recommending.found.reason


def test_that_a_candidate_is_picked_with_its_offset(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    page.picks.points.setValue(50)
    page.picks.any_offset.setChecked(True)
    qtbot.waitUntil(lambda: page.picks.picked is not None)
    assert "with logit offset γ = " in page.reason.text()
    workspace.set_current("mpt")
    workspace.set_offset(-1.0)
    with qtbot.waitSignal(workspace.offsets.settled):
        qtbot.mouseClick(page.picks.show_it, Qt.MouseButton.LeftButton)
    picked = page.picks.picked
    assert isinstance(picked, OffsetRecommendation)
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.gamma == pytest.approx(picked.gamma)
    assert f"n=8): {100 * (comparison.rates('old_classes').nfr or 0):.1f} %" in page.reason.text()


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


def test_that_a_refused_comparison_says_why(qtbot: QtBot, empty_workspace: Workspace, workspace: Workspace) -> None:
    old, new = workspace.versions[0], workspace.versions[1]
    assert new.predictions is not None
    other = replace(new.predictions, sample_ids=np.char.add("x", new.predictions.sample_ids))
    empty_workspace.add_version(type(old)("old", "old", "old", predictions=old.predictions))
    empty_workspace.add_version(type(old)("new", "new", "candidate", predictions=other))
    page = opened(qtbot, empty_workspace)
    assert "no sample in common" in page.nothing.text()


def test_that_cards_stack_in_a_narrow_window(page: ComparePage) -> None:
    page.resize(600, 900)
    assert page._arranged[0] == 1
    page.resize(1000, 900)
    assert page._arranged[0] == 2


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
    page.set_subset("old_classes")
    assert page.basis.text() == "Over old classes, n = 0. Small: 95 % intervals."
    assert cell(page, 0, "NFR") == "–"
    assert page.classes.bars.empty.text() == "No samples of old classes."
    assert page.frontier.readout.text().startswith("There are no samples of old classes")
    assert not page.grab().isNull()


def test_that_headers_and_intervals_have_their_room(page: ComparePage) -> None:
    page.resize(500, 700)
    page.set_subset("old_classes")
    table = page.table
    words = ["old classes", "accuracy", "intrusion", "99.9–99.9"]
    font = table.font()
    font.setPointSizeF(font.pointSizeF() * 0.85)
    widest = max(QFontMetrics(font).horizontalAdvance(word) for word in words)
    assert all(table.columnWidth(column) > widest for column in range(1, table.model().columnCount()))


def test_that_the_last_of_an_odd_number_of_cards_has_its_row_to_itself(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    assert page.cards[5].isVisible()
    both = page.cards[4].width()
    workspace.remove("mpt")
    assert not page.cards[5].isVisible()
    qtbot.waitUntil(lambda: page.cards[4].width() > 1.8 * both)


def test_that_it_says_what_it_waits_for(workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.gui.workspace.comparisons.DIRECT_LOGITS", 5)
    made = ComparePage(workspace)
    qtbot.addWidget(made)
    assert made.nothing.text() == "Comparing plain with old…"
    for each in workspace.candidates:
        qtbot.waitUntil(lambda key=each.key: workspace.comparison(key) is not None)
