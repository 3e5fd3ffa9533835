"""Pages come when they are asked for: the first paint waits for none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, PAGES, RUNS, START, TRAIN, PageRow, Pages
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.store import Store

pytestmark = pytest.mark.gui

FIRST_PAINT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
app = QApplication(["test"])
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, PAGES, RUNS, START, TRAIN, PageRow, Pages
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.store import Store
window = MainWindow(Store(Path("nowhere")))
seen = []
window.painted.connect(lambda: seen.append({"torch", "torchvision", "pyqtgraph"} & set(sys.modules)))
window.show()
while not seen:
    app.processEvents()
print(seen, len(list(window.pages.made())))
window.close()
"""


def test_that_the_first_paint_has_imported_neither_torch_nor_plots() -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", FIRST_PAINT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[set()] 1"


def test_that_a_page_is_made_when_it_is_first_shown(qtbot: QtBot, store: Store) -> None:
    window = MainWindow(store)
    qtbot.addWidget(window)
    assert not any(map(window.pages.is_made, PAGES))
    window.pages.show_page("runs")
    assert window.pages.page is window.pages[RUNS]
    assert list(filter(window.pages.is_made, PAGES)) == [RUNS]


def test_that_after_the_start_all_pages_are_made_one_by_one(qtbot: QtBot, store: Store) -> None:
    window = MainWindow(store)
    qtbot.addWidget(window)
    window.start([])
    assert window.pages.is_made(TRAIN)
    qtbot.waitUntil(lambda: all(map(window.pages.is_made, PAGES)))
    assert window.pages.key == START
    window.close()


class Guest(Page):
    """A page that nobody but its row knows."""


def test_that_a_page_is_one_row(qtbot: QtBot, workspace: Workspace) -> None:
    made: list[Guest] = []

    def make(of: Workspace, _queue: RunQueue) -> Guest:
        assert of is workspace
        made.append(Guest())
        return made[-1]

    guest, start, queue = PageRow("guest", "&Guest", "info", "Ctrl+G", "Stays", make, inspects=True), Page(), RunQueue
    pages = Pages(start, (*PAGES, guest))
    pages.furnish(workspace, queue(workspace.store))
    qtbot.addWidget(pages)
    qtbot.addWidget(pages.bar)
    assert pages.page is start
    assert not made
    pages.step(-1)
    assert (pages.key, pages.inspects, pages.page) == ("guest", True, made[0])
    assert pages.buttons["guest"].isChecked()
    assert pages.buttons["guest"].toolTip() == "Guest (Ctrl+G)\nStays"
    pages.show_page(START)
    assert pages.page is start
    assert pages[guest] is made[0]
    assert len(made) == 1


def test_that_a_page_that_comes_late_leaves_the_one_on_show(qtbot: QtBot, workspace: Workspace) -> None:
    pages = Pages(Page())
    pages.furnish(workspace, RunQueue(workspace.store))
    qtbot.addWidget(pages)
    qtbot.addWidget(pages.bar)
    pages.show_page("runs")
    _ = pages[COMPARE]
    assert pages.page is pages[RUNS]


def test_that_a_message_moves_nothing_hides_no_button_and_keeps_its_whole_sentence(qtbot: QtBot, store: Store) -> None:
    window = MainWindow(store)
    qtbot.addWidget(window)
    window.resize(1000, 700)
    with qtbot.waitExposed(window):
        window.show()
    pages, before = window.pages, window.pages.page.geometry()
    pages.banner.tell("error", "It cannot be read, and this is how it came to be. " * 5, "trace")
    qtbot.waitUntil(lambda: pages.banner.height() > 60)
    assert pages.page.geometry() == before
    assert pages.rect().contains(pages.banner.geometry())
    assert pages.banner.geometry().bottom() == pages.rect().bottom()
    pages.show_page(RUNS.key)
    button = pages[RUNS].buttons["open"]
    qtbot.waitUntil(lambda: pages.banner.geometry().bottom() < button.mapTo(pages, QPoint(0, 0)).y())
    text = pages.banner.text
    assert text.height() >= text.heightForWidth(text.width())
    window.close()
