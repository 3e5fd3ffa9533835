"""What the File menu writes of the comparison on show: the must-not-flip list, the selection."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMainWindow

from mpt_studio.compare import (
    Comparison,
    write_contact_sheet,
    write_csv,
    write_ids,
    write_images,
    write_parquet,
)
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.gui.background import StoppableJob
from mpt_studio.gui.export_dialog import ExportDialog
from mpt_studio.gui.plain import count
from mpt_studio.gui.settings import Settings
from mpt_studio.gui.workspace import Workspace
from mpt_studio.predictions import Ints

_FILES = {
    "csv": ("flips.csv", "CSV (*.csv)"),
    "parquet": ("flips.parquet", "Parquet (*.parquet)"),
    "sheet": ("flips.png", "PNG (*.png)"),
}
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

    def export_samples(self) -> None:
        """Ask what to write and where to; then write it."""
        comparison = self._workspace.comparison()
        if comparison is None:
            return
        dialog = ExportDialog(
            {scope: len(self.rows_of(scope)) for scope in ("selected", "shown", "all")},
            self._workspace.dataset is not None,
            self._window,
        )
        if dialog.exec():
            kind = dialog.format.chosen
            path = self._ask_where(kind)
            if path is not None:
                self.write(comparison, self.rows_of(dialog.scope.chosen), kind, path)

    def rows_of(self, scope: str) -> Ints:
        """Rows that are "selected", "shown" or "all"."""
        comparison = self._workspace.comparison()
        if scope == "all":
            return np.arange(0 if comparison is None else len(comparison))
        return self._workspace.rows if scope == "shown" else self._workspace.judging.rows()

    def _ask_where(self, kind: str) -> Path | None:
        start = Path(self._settings.folder())
        if kind == "images":
            chosen = QFileDialog.getExistingDirectory(self._window, "An empty folder for the images", str(start))
        else:
            name, files = _FILES[kind]
            chosen, _ = QFileDialog.getSaveFileName(self._window, "Export samples", str(start / name), files)
        return Path(chosen) if chosen else None

    def write(self, comparison: Comparison, rows: Ints, kind: str, path: Path) -> None:
        """Write beside the window, with progress; cancelling leaves what a folder of images has by then."""
        job = StoppableJob(
            f"Exporting {count(len(rows), 'sample')}",
            partial(self._work, comparison, rows, kind, path),
            lambda _: self._workspace.message.emit("info", f"{path} written: {count(len(rows), 'sample')}.", ""),
            lambda sentence, detail: self._workspace.message.emit("error", sentence, detail),
            self,
        )
        self._workspace.job_started.emit(job)
        job.start()

    def _work(
        self,
        comparison: Comparison,
        rows: Ints,
        kind: str,
        path: Path,
        progress: Callable[[str, float | None], None],
        stop: Callable[[], bool],
    ) -> None:
        dataset = self._workspace.dataset
        if kind in ("csv", "parquet"):
            (write_csv if kind == "csv" else write_parquet)(comparison, path, rows, stop, progress)
        elif dataset is None:
            raise UserError("Images need the data; open them first (Ctrl+D).")
        elif kind == "images":
            write_images(comparison, rows, dataset, path, progress, stop)
        else:
            write_contact_sheet(comparison, rows, dataset, path, stop=stop, progress=progress)
