"""Pages come when they are asked for: the first paint waits for none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import PAGES, START, Pages
from mpt_studio.store import Store

pytestmark = pytest.mark.gui

FIRST_PAINT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
app = QApplication(["test"])
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.store import Store
window = MainWindow(Store(Path("nowhere")))
seen = []
window.painted.connect(lambda: seen.append({"torch", "torchvision", "pyqtgraph"} & set(sys.modules)))
window.show()
while not seen:
    app.processEvents()
print(seen, window.late.is_made("train"))
window.close()
"""


def test_that_the_first_paint_has_imported_neither_torch_nor_plots() -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", FIRST_PAINT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[set()] False"


def test_that_a_page_is_made_when_it_is_first_shown(qtbot: QtBot, store: Store) -> None:
    window = MainWindow(store)
    qtbot.addWidget(window)
    assert not any(window.late.is_made(key) for key in PAGES)
    window.show_runs()
    assert window.pages.page is window.runs
    assert [key for key in PAGES if window.late.is_made(key)] == ["runs"]


def test_that_after_the_start_all_pages_are_made_one_by_one(qtbot: QtBot, store: Store) -> None:
    window = MainWindow(store)
    qtbot.addWidget(window)
    window.start([])
    assert window.late.is_made("train")
    qtbot.waitUntil(lambda: all(window.late.is_made(key) for key in PAGES))
    assert window.pages.key == START
    window.close()


def test_that_a_page_that_comes_late_leaves_the_one_on_show(qapp: QApplication, qtbot: QtBot) -> None:
    pages, first, late = Pages(), QLabel("first"), QWidget()
    qtbot.addWidget(pages)
    pages.add_later("late", lambda: pages.put("late", late), pages.addAction("Late"))
    pages.add("first", first)
    pages.show_page("first")
    pages.put("late", late)
    assert pages.page is first
    pages.show_page("late")
    assert pages.page is late
