"""What follows the logit offset γ beside the Compare page: cards, strip, the star."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.sample.answer_strip import AnswerStrip
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.versions.panel import VersionsPanel
from mpt_studio.gui.workspace import comparisons
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import TRUTH, predictions, seen

pytestmark = pytest.mark.gui
STOLEN = 1
"""A cat that the plain update calls a fox by 1.1 logits; every class without evidence has 0."""
GAMMA = 5.0
"""More than any fox has."""


def texts(panel: VersionsPanel, key: str) -> list[str]:
    card = next(card for card in panel.cards if card.version.key == key)
    return [label.text() for label in card.findChildren(QLabel)]


def lines(strip: AnswerStrip) -> list[str]:
    return [line.text() for line in strip._buttons()]


def test_that_a_card_has_the_figures_under_its_offset(workspace: Workspace, qtbot: QtBot) -> None:
    panel = VersionsPanel(workspace)
    qtbot.addWidget(panel)
    assert "50.0 %" in texts(panel, "plain")  # 4 of the 8 images of old classes flip
    with qtbot.waitSignal(workspace.offsets.settled):
        workspace.set_offset(GAMMA)
    shown = texts(panel, "plain")
    assert "At logit offset γ = 5.00" in shown
    comparison = workspace.comparison()
    assert comparison is not None
    assert f"{100 * (comparison.rates('old_classes').nfr or 0):.1f} %" in shown
    assert "50.0 %" not in shown


def test_that_other_candidates_keep_their_own_offset(workspace: Workspace, qtbot: QtBot) -> None:
    panel = VersionsPanel(workspace)
    qtbot.addWidget(panel)
    before = texts(panel, "mpt")
    with qtbot.waitSignal(workspace.offsets.settled):
        workspace.set_offset(GAMMA)
    assert texts(panel, "mpt") == before


def test_that_the_strip_has_the_answer_under_the_offset_and_says_so(workspace: Workspace, qtbot: QtBot) -> None:
    inspector = Inspector(workspace)
    qtbot.addWidget(inspector)
    workspace.select(STOLEN)
    assert "✗  plain: fox" in lines(inspector.strip)
    with qtbot.waitSignal(workspace.offsets.settled):
        workspace.set_offset(GAMMA)
    assert "✓  plain at γ = 5.00: cat" in lines(inspector.strip)
    assert "✓  MPT_KL: cat" in lines(inspector.strip)
    assert inspector.legend_new.text() == "■ plain at γ = 5.00 ✓ cat"


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    return seen(qtbot, ComparePage(workspace), 1100, 800)


def test_that_the_star_names_the_offset_where_offsets_may_be_chosen(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    panel = VersionsPanel(workspace)
    qtbot.addWidget(panel)
    answers = TRUTH.copy()
    answers[STOLEN] = 2  # its only flip, which an offset heals
    workspace.add_version(Version("one", "one", "candidate", predictions=predictions(answers, 3, "one")))
    assert workspace.recommending.star("one") == "★ recommended"
    page.picks.points.setValue(50)
    page.picks.any_offset.setChecked(True)
    qtbot.waitUntil(lambda: page.picks.picked is not None)
    picked = page.picks.picked
    assert picked is not None
    assert picked.key == "one"
    star = workspace.recommending.star(picked.key)
    assert f"γ = {picked.gamma:.2f}" in page.reason.text()
    assert picked.gamma > 0
    assert star == f"★ recommended at γ = {picked.gamma:.2f}"
    assert star.replace("★ r", "★ R") in texts(panel, picked.key)
    qtbot.mouseClick(page.picks.show_it, Qt.MouseButton.LeftButton)
    assert workspace.recommending.star(picked.key) == star
    workspace.set_offset(picked.gamma + 1)
    assert workspace.recommending.star(picked.key) == ""
    page.picks.any_offset.setChecked(False)
    assert page.reason.text().startswith("★ one has the lowest NFR")


def test_that_the_offsets_are_looked_at_again_when_versions_change(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    page.picks.any_offset.setChecked(True)
    qtbot.waitUntil(lambda: page.picks.picked is not None)
    workspace.recommending.forget()
    workspace.versions_changed.emit()
    qtbot.waitUntil(lambda: page.picks.picked is not None)
    assert page.reason.text().startswith("★")


def test_that_a_large_comparison_is_computed_beside_the_window(
    workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "DIRECT_LOGITS", 1)
    direct = workspace.comparison("plain")
    workspace.set_old("old")
    workspace._comparisons.forget()
    jobs: list[Job] = []
    workspace.job_started.connect(jobs.append)
    assert workspace.comparison("plain") is None
    qtbot.waitUntil(lambda: workspace.comparison("plain") is not None)
    assert jobs[0].is_finished
    assert workspace.comparison("plain").rates("all") == (direct or workspace.comparison("plain")).rates("all")
