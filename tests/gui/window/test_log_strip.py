"""The log's title line."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.window.log import LogPanel, LogStrip

pytestmark = pytest.mark.gui


@pytest.fixture
def log(qtbot: QtBot) -> LogPanel:
    made = LogPanel()
    qtbot.addWidget(made)
    return made


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
