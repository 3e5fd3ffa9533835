"""When the actions of the Judge menu may be used: only where a sample is on show."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from mpt_studio.gui.workspace import Workspace

MARKING = ("mark_acceptable", "mark_blocker", "mark_label_wrong", "mark_none")
_PAGES = ("compare", "flips")


class MarkActions(QObject):
    """Their keys are single letters, so they are off wherever nothing is selected."""

    def __init__(self, actions: dict[str, QAction], workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._actions, self._workspace, self._page = actions, workspace, ""
        for signal in (workspace.selection_changed, workspace.current_changed, workspace.versions_changed):
            signal.connect(self.refresh)
        self.refresh()

    def follow(self, page: str) -> None:
        """Another page is on show."""
        self._page = page
        self.refresh()

    def refresh(self) -> None:
        """Enable what can be done."""
        compared = self._workspace.comparison() is not None
        selected = compared and self._workspace.selected is not None and self._page in _PAGES
        for key in MARKING:
            self._actions[key].setEnabled(selected)
        for key in ("undo", "redo"):
            self._actions[key].setEnabled(compared and self._page in _PAGES)
        for key in ("export_selection", "export_blockers", "open_metadata"):
            if key in self._actions:
                self._actions[key].setEnabled(compared)
