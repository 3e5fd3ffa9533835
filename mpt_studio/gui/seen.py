"""Pages that read the workspace only while they are on show."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget


class RefreshedWhenSeen(QWidget):
    """A page says in ``_refresh`` how it reads the workspace; listeners call ``refresh``."""

    _stale = True
    """Whether the workspace has changed since the page read it."""

    def refresh(self) -> None:
        """Read the workspace, now or when the page is next seen."""
        self._stale = True
        if self.isVisible():
            self._read()

    def _read(self) -> None:
        self._stale = False
        self._refresh()

    def _refresh(self) -> None:
        raise NotImplementedError

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._read()
