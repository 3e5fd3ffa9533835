"""Versions that gave only their answers: what cannot be shown is said in its place."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.flips.facets import FacetPanel
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions

from .conftest import NAMES, NEW_ANSWER, OLD_ANSWER, TRUTH, predictions

pytestmark = pytest.mark.gui
WHY = "the old model and the update gave only answers, no scores."


def only_answers(answers: np.ndarray, classes: int, version: str) -> Predictions:
    ids = np.array([f"test/{i:02d}" for i in range(len(answers))])
    nothing = np.zeros((len(answers), 0), np.float32)
    names, given = NAMES[:classes], answers.astype(np.int64)
    return Predictions(
        ids, TRUTH.astype(np.int64), NAMES, nothing, names, version=version, scores="answers", answers=given
    )


@pytest.fixture
def answered(empty_workspace: Workspace) -> Workspace:
    for key, role, made in (
        ("o", "old", only_answers(OLD_ANSWER, 2, "o")),
        ("n", "candidate", only_answers(NEW_ANSWER, 3, "n")),
    ):
        empty_workspace.add_version(Version(key, key, role, predictions=made))
    return empty_workspace


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


def test_that_rows_have_an_order_and_those_that_need_scores_are_off(qtbot: QtBot, answered: Workspace) -> None:
    page = FlipsPage(answered)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    assert sorted(answered.rows.tolist()) == [1, 2, 5, 6]
    sort = page.tools.sort
    model, enabled = sort.model(), Qt.ItemFlag.ItemIsEnabled
    off = [sort.itemText(i) for i in range(sort.count()) if not model.flags(model.index(i, 0)) & enabled]
    assert off == ["Margin drop", "Confidence", "Closest calls first", "Loss", "Confidence lost"]
    assert sort.currentText() == "Flow pair"
    page.tools.direction.click()
    assert (answered.sort_key, answered.sort_descending) == ("flow", True)


def test_that_facets_say_why_they_are_empty(qtbot: QtBot, answered: Workspace) -> None:
    panel = FacetPanel(answered)
    qtbot.addWidget(panel)
    panel.refresh()
    assert panel.lists["drops"].empty.text() == f"There is no margin drop: {WHY}"
    assert panel.lists["confidences"].empty.text() == "There is no confidence: the update gave only answers, no scores."


def test_that_the_inspector_says_it_in_place_of_bars_and_margins(qtbot: QtBot, answered: Workspace) -> None:
    made = Inspector(answered)
    qtbot.addWidget(made)
    made.resize(300, 800)
    with qtbot.waitExposed(made):
        made.show()
    answered.select(1)
    assert made.bars.isHidden()
    assert made.margins.isHidden()
    assert "gave only answers" in made.without_scores.text()
    assert made.margin_text.text() == f"There is no margin drop: {WHY}"


def test_that_a_version_with_scores_keeps_its_bars_beside_one_without(qtbot: QtBot, answered: Workspace) -> None:
    answered.add_version(Version("s", "scored", "candidate", predictions=predictions(NEW_ANSWER, 3, "s")))
    answered.set_current("s")
    made = Inspector(answered)
    qtbot.addWidget(made)
    made.show()
    answered.select(1)
    assert not made.bars.isHidden()
    assert "the old model gave only answers" in made.margin_text.text()


def test_that_without_a_selection_the_inspector_tells_what_the_version_is(qtbot: QtBot, answered: Workspace) -> None:
    made = Inspector(answered)
    qtbot.addWidget(made)
    made.show()
    shown = [label.text() for label in made.facts.findChildren(QLabel)]
    assert "10 samples; only the predicted class" in shown
