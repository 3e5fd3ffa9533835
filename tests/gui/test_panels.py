"""Versions, data and log panels."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QLabel, QPlainTextEdit, QVBoxLayout
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.data.panel import DataPanel, thumbnails
from mpt_studio.gui.versions.panel import VersionsPanel
from mpt_studio.gui.widgets.messages import Banner, DetailDialog
from mpt_studio.gui.widgets.plain import short_spec
from mpt_studio.gui.window.log import KEPT, LogPanel
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def texts(widget: object) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


@pytest.fixture
def versions(qtbot: QtBot, workspace: Workspace) -> VersionsPanel:
    made = VersionsPanel(workspace)
    qtbot.addWidget(made)
    made.resize(240, 500)
    with qtbot.waitExposed(made):
        made.show()
    return made


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


def test_that_the_data_panel_splits_old_and_new_classes(qtbot: QtBot, workspace: Workspace) -> None:
    panel = DataPanel(workspace)
    qtbot.addWidget(panel)
    shown = texts(panel)
    assert "Old classes · 2" in shown
    assert "New classes · 1" in shown
    assert "0 training · 10 test · 3 classes" in shown


@pytest.mark.parametrize(("number", "last"), [(28, "c27"), (29, "… 5 more")])
def test_that_a_few_classes_more_are_not_hidden_behind_a_chip_as_wide(
    qtbot: QtBot, workspace: Workspace, number: int, last: str
) -> None:
    panel = DataPanel(workspace)
    qtbot.addWidget(panel)
    box = QVBoxLayout()
    panel._add_chips(box, "Classes", tuple(f"c{i}" for i in range(number)))
    holder = box.itemAt(1).widget()
    qtbot.addWidget(holder)
    assert [chip.text() for chip in holder.findChildren(QLabel)][-1] == last


def test_that_an_unreadable_image_is_left_out_of_the_strip(workspace: Workspace) -> None:
    assert workspace.dataset is not None
    tiles = thumbnails(workspace.dataset, 10, 8)
    assert tiles is not None
    assert len(tiles) == 9  # image 4 cannot be read


@pytest.mark.parametrize(
    ("spec", "text"),
    [("builtin", "Built-in characters"), ("fashion-mnist:/a", "Fashion-MNIST"), ("folder:/a/pets/", "pets")],
)
def test_that_a_spec_is_shown_for_people(spec: str, text: str) -> None:
    assert short_spec(spec) == text


@pytest.fixture
def log(qtbot: QtBot) -> LogPanel:
    made = LogPanel()
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_a_trace_is_one_click_away(log: LogPanel, qtbot: QtBot) -> None:
    log.add("error", "It\nfailed", "Traceback: here")
    assert log.texts() == ["It failed"]
    item = log.list.topLevelItem(0)
    assert item.text(3) == "details"
    log.list.itemClicked.emit(item, 3)
    dialog = log.findChild(DetailDialog) or log.window().findChild(DetailDialog)
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "Traceback: here"
    dialog.close()


def test_that_the_log_keeps_the_latest(log: LogPanel) -> None:
    for number in range(KEPT + 3):
        log.add("info", str(number))
    assert (log.texts()[0], log.texts()[-1], len(log.texts())) == ("3", str(KEPT + 2), KEPT)


def test_that_a_job_is_there_until_it_is_finished(log: LogPanel) -> None:
    job = Job("Opening data")
    log.add_job(job)
    job.progressed.emit("decoding", 0.5)
    assert log.rows[0].bar.value() == 500
    job.progressed.emit("thinking", -1.0)
    assert log.rows[0].bar.maximum() == 0  # busy, of unknown length
    job.finish()
    assert log.rows == []


def test_that_cancel_reaches_the_job(log: LogPanel) -> None:
    job = Job("Opening data")
    log.add_job(job)
    from PySide6.QtWidgets import QToolButton

    log.rows[0].findChild(QToolButton).click()
    assert job.is_cancelled
    assert log.rows == []


def test_that_the_banner_shows_warnings_and_errors_only(qtbot: QtBot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.tell("info", "Nothing to see.")
    assert banner.isHidden()
    banner.tell("error", "It failed <b>", "trace")
    assert not banner.isHidden()
    assert banner.text.text() == "It failed <b>"
    assert not banner.details.isHidden()
    banner.tell("warning", "Careful.")
    assert banner.details.isHidden()
