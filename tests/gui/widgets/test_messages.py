from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.messages import Banner, ErrorPanel

pytestmark = pytest.mark.gui


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


def test_that_a_page_shows_a_problem_with_its_trace_one_click_away(qtbot: QtBot) -> None:
    panel = ErrorPanel()
    qtbot.addWidget(panel)
    panel.tell("error", "It failed <b>", "Traceback: here")
    assert (panel.isHidden(), panel.trace.isHidden(), panel.sentence.text()) == (False, True, "It failed <b>")
    panel._details.click()
    assert not panel.trace.isHidden()
    assert panel.trace.toPlainText() == "Traceback: here"
    panel.tell("warning", "Careful.")
    assert panel.trace.isHidden()
    assert panel._details.isHidden()
