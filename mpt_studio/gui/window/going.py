"""When the window goes to Compare by itself: where that was just asked for. Else it says what is there, and waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from mpt_studio.gui.window.pages import COMPARE, START, Pages
from mpt_studio.gui.workspace.workspace import Workspace

AT_ONCE = 1.0
"""Seconds after which whoever opened something may look at something else by now."""


class Going(QObject):
    """Follows what is being opened, and from where."""

    def __init__(self, workspace: Workspace, pages: Pages, is_returning: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._is_returning = is_returning
        self._workspace, self._pages = workspace, pages
        self._from, self._looking, self._when = "", False, 0.0
        workspace.attempted.connect(self._note)
        pages.changed.connect(self._forget)
        workspace.opening.taken.connect(self._arrive)
        for signal in (workspace.data_changed, workspace.versions_changed, workspace.comparison_changed):
            signal.connect(self._leave_start)

    @Slot()
    def _note(self) -> None:
        """Something is being opened from the page on show."""
        self._from, self._when = self._pages.key, time.monotonic()
        self._looking = self._pages.inspects and self._workspace.comparison() is not None

    @Slot()
    def _forget(self) -> None:
        """Whoever goes elsewhere is not fetched back."""
        self._from = ""

    @Slot()
    def _arrive(self) -> None:
        """Versions were read, maybe long after they were asked for."""
        if self._is_returning():  # to the page that was on show
            return
        late = time.monotonic() - self._when > AT_ONCE
        if not late or (self._pages.key == self._from and not self._looking):
            self._pages.show_page(COMPARE.key)
        elif self._pages.key != COMPARE.key:
            self._pages.banner.tell("news", "The versions that you opened are here.")
            self._pages.banner.offer("Compare", lambda: self._pages.show_page(COMPARE.key))

    @Slot()
    def _leave_start(self) -> None:
        """Where something was opened from the start page, the ways to begin have been found."""
        if self._pages.key == self._from == START and (self._workspace.versions or self._workspace.dataset is not None):
            self._pages.show_page(COMPARE.key)
