from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QLabel
from pytestqt.qtbot import QtBot

from mpt_studio.gui.data.panel import DataPanel
from mpt_studio.gui.versions.panel import VersionsPanel
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen

pytestmark = pytest.mark.gui


def texts(widget: object) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


@pytest.fixture
def versions(qtbot: QtBot, workspace: Workspace) -> VersionsPanel:
    return seen(qtbot, VersionsPanel(workspace), 240, 500)


def test_that_each_version_shows_its_figures_with_subset_and_n(versions: VersionsPanel) -> None:
    assert [card.version.label for card in versions.cards] == ["old", "plain", "MPT_KL"]
    plain = versions.cards[1]
    shown = texts(plain)
    assert shown[-4:] == ["40.0 %", "accuracy, all, n=10", "50.0 %", "NFR, old classes, n=8"]  # 4 of 10; 4 of 8
    figures = [label for label in plain.findChildren(QLabel) if label.text().startswith(("NFR", "accuracy"))]
    assert "n = 8" in figures[1].toolTip()
    assert "NFR (old classes)" in figures[1].toolTip()
    assert "Accuracy (all)" in figures[0].toolTip()


def test_that_the_old_model_s_accuracy_is_on_its_classes(versions: VersionsPanel) -> None:
    assert texts(versions.cards[0])[-2:] == ["75.0 %", "accuracy, its classes, n=8"]  # 6 of 8


def test_that_a_click_puts_a_candidate_on_show(versions: VersionsPanel, workspace: Workspace, qtbot: QtBot) -> None:
    qtbot.mouseClick(versions.cards[2], Qt.MouseButton.LeftButton)
    assert workspace.current.key == "mpt"
    assert versions.cards[2].accessibleName().endswith("on show")


def test_that_enter_puts_a_candidate_on_show(versions: VersionsPanel, workspace: Workspace, qtbot: QtBot) -> None:
    qtbot.keyClick(versions.cards[2], Qt.Key.Key_Return)
    assert workspace.current.key == "mpt"


def test_that_the_recommended_candidate_is_marked(versions: VersionsPanel) -> None:
    assert "★ Recommended" in texts(versions.cards[2])


def test_that_the_menu_sets_the_old_model_and_closes(versions: VersionsPanel, workspace: Workspace) -> None:
    actions = {action.text(): action for action in versions.menu(workspace.version("plain")).actions()}
    actions["Set as old model"].trigger()
    assert workspace.old.key == "plain"
    actions["Close"].trigger()
    assert workspace.old is None
    assert "no old model" in texts(versions.cards[0])


def test_that_renaming_asks_for_the_name(
    versions: VersionsPanel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("spring <b>", True))
    versions.rename(workspace.version("mpt"))
    assert workspace.version("mpt").label == "spring <b>"
    assert "spring <b>" in texts(versions.cards[2])


def test_that_an_empty_panel_says_what_to_do(qtbot: QtBot, empty_workspace: Workspace) -> None:
    for panel in (VersionsPanel(empty_workspace), DataPanel(empty_workspace)):
        qtbot.addWidget(panel)
        assert any("drop" in text for text in texts(panel))
