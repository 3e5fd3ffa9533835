from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.gui.versions.about import VersionDialog, VersionFacts, facts_of, preprocessing_sentence
from mpt_studio.gui.versions.opening_cards import OpeningCard
from mpt_studio.gui.versions.panel import VersionsPanel
from mpt_studio.gui.workspace import version as making
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.reading import to_json

from ..fake_worker import FakeWorker
from ..workspace.files import checkpoint
from ..workspace.test_opening import reading, weights

pytestmark = pytest.mark.gui


def test_that_a_version_from_elsewhere_says_what_was_found_and_where(tmp_path: Path) -> None:
    found = reading(tmp_path / "a.pth", notes=("The weights are under 'net'.",))
    facts = dict(facts_of(making.from_reading(found, tmp_path / "a.pth")))
    assert facts["Container"] == "PyTorch zip, 44.8 MB"
    assert facts["Architecture"] == "resnet18"
    assert facts["Classes"] == "2: cat, dog\nfrom: labels.txt beside it"
    assert facts["Images"].endswith("from: the file")
    assert facts["Notes"] == "The weights are under 'net'."
    assert facts["SHA-256"] == "ab" * 32


def test_that_ours_say_it_from_their_header(tmp_path: Path) -> None:
    facts = dict(facts_of(making.from_checkpoint(checkpoint(tmp_path / "a.safetensors"))))
    assert facts["Architecture"] == "small, stem for small images"
    assert facts["Method"] == "Margin preserving (MPT_KL)"


def test_that_preprocessing_is_told_in_the_order_in_which_it_is_done() -> None:
    made = Preprocessing(image_size=224, resize=256, mean=(0.5,) * 3, std=(0.25,) * 3, interpolation="bilinear")
    words = "shorter side to 256, centre 224×224, bilinear; mean 0.5, 0.5, 0.5; deviation 0.25, 0.25, 0.25"
    assert preprocessing_sentence(made) == words


def test_that_the_hash_is_short_and_copied_whole(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    facts = VersionFacts(workspace)
    qtbot.addWidget(facts)
    facts.show_version(making.from_reading(reading(tmp_path / "a.pth"), tmp_path / "a.pth"))
    assert facts.lines["SHA-256"].text() == "abababababab…"
    facts.findChild(QToolButton).click()
    assert QGuiApplication.clipboard().text() == "ab" * 32


def test_that_the_hash_of_ours_is_computed_on_demand(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    facts = VersionFacts(workspace)
    qtbot.addWidget(facts)
    version = making.from_checkpoint(checkpoint(tmp_path / "a.safetensors"))
    facts.show_version(version)
    next(b for b in facts.findChildren(QPushButton) if b.text() == "Compute").click()
    qtbot.waitUntil(lambda: "SHA-256" in facts.lines)
    assert len(facts.lines["SHA-256"].text()) == 13


def test_that_the_window_about_a_version_goes_with_it(qtbot: QtBot, workspace: Workspace) -> None:
    dialog = VersionDialog(workspace, workspace.version("mpt"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    assert "10 samples; logits" in [label.text() for label in dialog.findChildren(QLabel)]
    workspace.remove("mpt")
    assert not dialog.isVisible()


def test_that_the_panel_shows_what_is_read_what_waits_and_what_was_refused(
    qtbot: QtBot, empty_workspace: Workspace, tmp_path: Path
) -> None:
    worker = empty_workspace.worker = FakeWorker()
    panel = VersionsPanel(empty_workspace)
    qtbot.addWidget(panel)
    panel.resize(240, 400)
    panel.show()
    first, second = weights(tmp_path / "a.pth"), weights(tmp_path / "b.pth")
    empty_workspace.opening.open([first, second])
    cards = panel.widget().findChildren(OpeningCard)
    assert [card.item.name for card in cards] == ["a.pth", "b.pth"]
    worker.asked[0].tell("Reading a.pth", 0.25)
    assert (cards[0].sentence.text(), cards[0].bar.value(), cards[0].bar.maximum()) == ("Reading a.pth", 250, 1000)
    worker.asked[0].fail("a.pth is damaged; use another copy.")
    worker.asked[1].answer(to_json(reading(second, names=())))
    cards = panel.widget().findChildren(OpeningCard)
    assert cards[0].sentence.text() == "a.pth is damaged; use another copy."
    assert not cards[0].bar.isVisible()
    assert cards[1].answer.isVisible()
    with qtbot.waitSignal(empty_workspace.opening.asked):
        cards[1].answer.click()
    cards[0]._close.click()
    assert [item.name for item in empty_workspace.opening.items] == ["b.pth"]
    empty_workspace.opening.items[0].question.answer(None)
