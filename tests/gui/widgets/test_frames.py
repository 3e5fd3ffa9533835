from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.frames import DockPanel, EmptyPage, RefreshedWhenSeen, framed

pytestmark = pytest.mark.gui


class Counting(RefreshedWhenSeen):
    reads = 0

    def _refresh(self) -> None:
        self.reads += 1


def test_that_a_page_reads_the_workspace_only_while_it_is_seen(qtbot: QtBot) -> None:
    page = Counting()
    qtbot.addWidget(page)
    page.refresh()
    page.refresh()
    assert page.reads == 0
    with qtbot.waitExposed(page):
        page.show()
    assert page.reads == 1
    page.refresh()
    assert page.reads == 2
    page.hide()
    page.show()  # nothing has changed meanwhile
    assert page.reads == 2


def test_that_a_frame_is_named_by_its_title(qtbot: QtBot) -> None:
    frame = framed("Old <b>against</b> update", QLabel("content"), QLabel("below"))
    qtbot.addWidget(frame)
    assert frame.accessibleName() == "Old <b>against</b> update"
    assert [label.text() for label in frame.findChildren(QLabel)] == ["Old <b>against</b> update", "content", "below"]
    assert frame.findChild(QLabel).textFormat() == Qt.TextFormat.PlainText


def test_that_a_dock_shows_the_body_that_was_put_last(qtbot: QtBot) -> None:
    dock = DockPanel("Versions")
    qtbot.addWidget(dock)
    first, second = QLabel("first"), QLabel("second")
    dock.put(first)
    dock.put(second)
    assert dock.widget() is second
    assert not first.isVisible()


def test_that_an_empty_page_offers_its_button_only_where_it_helps(qtbot: QtBot) -> None:
    page = EmptyPage("Open data…")
    qtbot.addWidget(page)
    page.tell("Comparing…")
    assert (page.text(), page.button.isHidden()) == ("Comparing…", True)
    page.tell("There are no data.", offers=True)
    assert not page.button.isHidden()
    with qtbot.waitSignal(page.asked):
        page.button.click()
