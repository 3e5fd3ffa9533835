from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.messages import Banner

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
