from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import NEW_ANSWER, WHY, predictions

pytestmark = pytest.mark.gui


def test_that_nothing_selected_is_said(inspector: Inspector) -> None:
    assert inspector.nothing.isVisible()


def test_that_a_stolen_sample_is_explained(inspector: Inspector, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(1)
    assert inspector.verdict.text() == "✓ → ✗  Negative flip"
    assert inspector.truth.text() == "Truth: cat"
    assert inspector.cause.text().replace("\u00a0", " ") == "Stolen by new class fox; margin 1.1 → −1.1."
    assert inspector.legend_old.text() == "■ old ✓ cat"
    assert inspector.legend_new.text() == "■ plain ✗ fox"
    assert inspector.margin_text.text() == "dropped 2.20"
    assert inspector.sample_id.text() == "test/01"
    qtbot.waitUntil(lambda: not inspector.image._item.pixmap().isNull())
    assert not inspector.grab().isNull()


def test_that_names_are_shown_as_they_are(inspector: Inspector, workspace: Workspace) -> None:
    workspace.select(4)
    assert inspector.truth.textFormat() == Qt.TextFormat.PlainText
    assert inspector.truth.text() == "Truth: dog & <b>pup</b>"


def test_that_a_class_the_old_model_lacks_has_no_old_margin(inspector: Inspector, workspace: Workspace) -> None:
    workspace.select(8)
    assert inspector.margin_text.text() == "One version does not know the true class, so it has no margin."
    assert not inspector.grab().isNull()


def test_that_a_missing_image_is_a_sentence(inspector: Inspector, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(4)
    qtbot.waitUntil(lambda: inspector.image._note == "The image test/04 has vanished.")


def test_that_without_data_it_says_how_to_open_them(inspector: Inspector, workspace: Workspace) -> None:
    workspace.dataset = None
    workspace.data_changed.emit()
    workspace.select(1)
    assert inspector.image._note == "Open the data set (Ctrl+D) to see the images."


def test_that_the_id_can_be_copied(inspector: Inspector, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(2)
    copy = next(b for b in inspector.findChildren(QToolButton) if b.text() == "Copy")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "test/02"


def test_that_closing_the_versions_empties_it(inspector: Inspector, workspace: Workspace) -> None:
    workspace.select(1)
    workspace.clear()
    assert inspector.nothing.isVisible()


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
