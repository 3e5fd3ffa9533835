"""What the File menu writes of the comparison on show: the must-not-flip list, the selection."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMainWindow

from mpt_studio.compare import write_ids
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.gui.plain import count
from mpt_studio.gui.settings import Settings
from mpt_studio.gui.workspace import Workspace

_LISTS = "Text, an id a line (*.txt);;CSV with notes (*.csv)"


class Exports(QObject):
    """Asks where to, writes beside the window, tells what was written."""

    def __init__(self, window: QMainWindow, workspace: Workspace, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._workspace, self._settings = window, workspace, settings

    def export_blockers(self) -> None:
        """Write the blockers as the list that ``mpt-studio compare --must-not-flip`` reads."""
        ids = self._workspace.judging.ids(Mark.BLOCKER)
        if not ids:
            self._workspace.message.emit("warning", "No sample is marked as a blocker yet (X marks one).", "")
            return
        start = str(Path(self._settings.folder()) / "must-not-flip.txt")
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Export must-not-flip list", start, _LISTS)
        if chosen:
            self.write_blockers(Path(chosen), ids)

    def write_blockers(self, path: Path, ids: list[str]) -> None:
        """Write these ids."""
        try:
            write_ids(path, ids, self._workspace.judging.notes())
        except UserError as error:
            self._workspace.message.emit("error", str(error), "")
        else:
            self._workspace.message.emit("info", f"{path} written: {count(len(ids), 'blocker')}.", "")
