"""The window's pages, imported and made when they are first asked for, else one by one after the first paint.

Their plots take longer than all the rest of the start.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from mpt_studio.gui.compare_page import ComparePage
    from mpt_studio.gui.flips_page import FlipsPage
    from mpt_studio.gui.main_window import MainWindow
    from mpt_studio.gui.runs_page import RunsPage
    from mpt_studio.gui.train_page import TrainPage

PAGES = ("train", "compare", "flips", "runs")


class LatePages(QObject):
    """Makes each page once, connects it and puts it into the window's ``Pages``."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def is_made(self, key: str) -> bool:
        """Whether a page exists by now."""
        return key in vars(self)

    @Slot()
    def make_rest(self) -> None:
        """Make what is left, with turns of the event loop in between."""
        key = next((key for key in PAGES if not self.is_made(key)), None)
        if key is not None:
            getattr(self, key)
            QTimer.singleShot(0, self, self.make_rest)

    @cached_property
    def train(self) -> TrainPage:
        from mpt_studio.gui.train_page import TrainPage

        page = TrainPage(self._window.workspace, self._window.queue)
        self._put("train", page)
        return page

    @cached_property
    def compare(self) -> ComparePage:
        from mpt_studio.gui.compare_page import ComparePage

        page = ComparePage(self._window.workspace)
        page.data_wanted.connect(self._window.files.choose_data)
        self._put("compare", page)
        return page

    @cached_property
    def flips(self) -> FlipsPage:
        from mpt_studio.gui.flips_page import FlipsPage

        page = FlipsPage(self._window.workspace)
        page.data_wanted.connect(self._window.files.choose_data)
        page.left.connect(self._window.show_compare)
        self._put("flips", page)
        return page

    @cached_property
    def runs(self) -> RunsPage:
        from mpt_studio.gui.runs_page import RunsPage

        page, window = RunsPage(self._window.workspace), self._window
        page.opened.connect(window.show_compare)
        page.resume_wanted.connect(window.resume_update)
        page.overlay_wanted.connect(window.show_overlay)
        page.recipe_wanted.connect(window.offer_recipe)
        self._put("runs", page)
        return page

    def _put(self, key: str, page: QWidget) -> None:
        self._window.pages.put(key, page)
