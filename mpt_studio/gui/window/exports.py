"""What the File menu writes of the comparison on show: the must-not-flip list, the selection."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QMainWindow, QRadioButton, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison, write_contact_sheet, write_csv, write_ids, write_images, write_parquet
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.gui.beside.jobs import StoppableJob
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.forms import FormDialog
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Ints
from mpt_studio.units import count

FORMATS = (
    ("csv", "CSV table"),
    ("parquet", "Parquet table"),
    ("images", "Folder of images, by flow pair"),
    ("sheet", "Contact sheet (PNG)"),
)
SCOPES = (("selected", "Selected"), ("shown", "Shown by the filter"), ("all", "All"))


class ExportDialog(FormDialog):
    """``sizes`` tells how many samples each scope has; ``images`` whether the data are open."""

    def __init__(self, sizes: dict[str, int], images: bool, parent: QWidget | None = None) -> None:
        super().__init__("Export samples", "What should be written of the comparison on show?", "Export…", parent)
        self._images = images
        self.scope = _Choice([(key, f"{text}: {count(sizes[key], 'sample')}") for key, text in SCOPES])
        self.format = _Choice(list(FORMATS))
        for key, _ in SCOPES:
            self.scope.buttons[key].setEnabled(sizes[key] > 0)
        self.scope.choose(next((key for key, _ in SCOPES if sizes[key] > (key == "selected")), "all"))
        self.format.choose("csv")
        self.form.addRow("Samples", self.scope)
        self.form.addRow("As", self.format)
        self.format.group.buttonToggled.connect(lambda *_: self.check())
        self.check()

    def missing(self) -> str:
        needs_images = self.format.chosen in ("images", "sheet")
        return "Images need the data; open them first (Ctrl+D)." if needs_images and not self._images else ""


class _Choice(QWidget):
    """Radio buttons, one below the other."""

    def __init__(self, options: list[tuple[str, str]]) -> None:
        super().__init__()
        self.group, self.buttons = QButtonGroup(self), {}
        layout = bare(QVBoxLayout(self))
        for key, text in options:
            self.buttons[key] = QRadioButton(text)
            self.group.addButton(self.buttons[key])
            layout.addWidget(self.buttons[key])

    @property
    def chosen(self) -> str:
        return next(key for key, button in self.buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        self.buttons[key].setChecked(True)


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
