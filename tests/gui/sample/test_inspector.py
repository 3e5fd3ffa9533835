from __future__ import annotations

import math

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.answer_bars import PairedAnswer, paired
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def inspector(qtbot: QtBot, workspace: Workspace) -> Inspector:
    made = Inspector(workspace)
    qtbot.addWidget(made)
    made.resize(320, 800)
    with qtbot.waitExposed(made):
        made.show()
    return made


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


def test_that_the_strip_shows_every_candidate_and_switches(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(1)
    buttons = inspector.strip._buttons()
    assert [b.text() for b in buttons] == ["✓  old: cat", "✗  plain: fox", "✓  MPT_KL: cat"]
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert workspace.current is workspace.version("plain")
    qtbot.mouseClick(buttons[2], Qt.MouseButton.LeftButton)
    assert workspace.current is workspace.version("mpt")
    assert workspace.selected == 1
    assert inspector.verdict.text() == "✓ → ✓  Both right"


def test_that_closing_the_versions_empties_it(inspector: Inspector, workspace: Workspace) -> None:
    workspace.select(1)
    workspace.clear()
    assert inspector.nothing.isVisible()


def test_that_bars_pair_classes_by_name() -> None:
    old = [("cat", 0.9, 2.0), ("dog", 0.1, 0.0)]
    new = [("fox", 0.6, 3.0), ("cat", 0.3995, 2.0), ("dog", 0.0005, -1.0)]
    assert paired(old, new, "cat") == [
        PairedAnswer("cat", 0.9, 0.3995, True),
        PairedAnswer("fox", None, 0.6, False),
        PairedAnswer("dog", 0.1, 0.0005, False),
    ]


def test_that_negligible_classes_are_left_out_but_never_the_truth() -> None:
    old = [("a", 0.9998, 9.0), ("b", 0.0001, 0.0), ("c", 0.0001, 0.0)]
    assert [p.name for p in paired(old, old, "c")] == ["a", "c"]


def test_that_margins_of_nan_draw_nothing(inspector: Inspector, qtbot: QtBot) -> None:
    inspector.margins.show_margins(math.nan, math.nan, 0)
    assert inspector.margins.accessibleDescription() == "old –, new –"
    assert not inspector.margins.grab().isNull()


def test_that_long_names_do_not_widen_it(inspector: Inspector, workspace: Workspace) -> None:
    workspace.rename("plain", "a very long label " * 10)
    workspace.select(1)
    content = inspector.strip.parentWidget()
    assert content is not None
    assert content.width() <= inspector.width()
