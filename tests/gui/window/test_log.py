from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.widgets.messages import DetailDialog
from mpt_studio.gui.window.log import KEPT, LogPanel, LogStrip

pytestmark = pytest.mark.gui


def said(log: LogPanel) -> list[str]:
    """The sentences, oldest first."""
    return [log.list.topLevelItem(i).text(2) for i in range(log.list.topLevelItemCount())]


@pytest.fixture
def log(qtbot: QtBot) -> LogPanel:
    made = LogPanel()
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_a_trace_is_one_click_away(log: LogPanel, qtbot: QtBot) -> None:
    log.add("error", "It\nfailed", "Traceback: here")
    assert said(log) == ["It failed"]
    item = log.list.topLevelItem(0)
    assert item.text(3) == "details"
    log.list.itemClicked.emit(item, 3)
    dialog = log.findChild(DetailDialog) or log.window().findChild(DetailDialog)
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "Traceback: here"
    dialog.close()


def test_that_the_log_keeps_the_latest(log: LogPanel) -> None:
    for number in range(KEPT + 3):
        log.add("info", str(number))
    assert (said(log)[0], said(log)[-1], len(said(log))) == ("3", str(KEPT + 2), KEPT)


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


@pytest.fixture
def strip(qtbot: QtBot, log: LogPanel) -> LogStrip:
    made = LogStrip(log)
    qtbot.addWidget(made)
    made.resize(400, 30)
    made.show()
    return made


def test_that_the_line_tells_the_last_sentence(strip: LogStrip, log: LogPanel) -> None:
    assert strip.line.text == "Nothing to report."
    log.add("info", "first")
    log.add("error", "It failed.")
    assert (strip.line.level, strip.line.text) == ("error", "It failed.")


def test_that_a_running_job_takes_the_line_and_gives_it_back(strip: LogStrip, log: LogPanel) -> None:
    log.add("info", "before")
    job = Job("Evaluating")
    log.add_job(job)
    job.progressed.emit("image 5 of 10", 0.5)
    assert strip.line.text == "Evaluating – image 5 of 10"
    assert (strip.bar.isVisible(), strip.bar.value()) == (True, 500)
    job.finish()
    assert strip.line.text == "before"
    assert strip.bar.isHidden()
