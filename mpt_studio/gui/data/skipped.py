"""The images that were left out of the data: which, why; a table of them to search, sort, copy and save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QSize,
    Qt,
    QThreadPool,
    QUrl,
    Signal,
)
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.data import Dataset
from mpt_studio.data.dataset import Skipped
from mpt_studio.data.decode import BadImage, decode
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import PARQUET, SHARDS
from mpt_studio.files.plain import read
from mpt_studio.gui.beside.jobs import Runnable
from mpt_studio.gui.images.thumbnails import fitted, to_qimage
from mpt_studio.gui.widgets.forms import finder
from mpt_studio.gui.widgets.plain import label, short_spec, tip
from mpt_studio.gui.widgets.tables import Index, MatchingRows, Role, TableModel, of_whole_rows
from mpt_studio.jobs.images import write_skipped_to
from mpt_studio.units import count

IMAGE, FILE, REASON = range(3)
SIDE = 44
_KEPT = 2000
"""Thumbnails that are remembered."""


def file_of(dataset: Dataset, skipped: Skipped) -> Path | None:
    """The file that was left out, or that holds what was; None where there is no such file."""
    root = Path(dataset.spec.partition(":")[2])
    try:
        found = (root if root.is_dir() else root.parent) / skipped.sample_id
        return next((each for each in (found, *found.parents) if each.is_file()), None)
    except (OSError, ValueError):  # a name that is no path
        return None


class SkippedModel(TableModel):
    """Thumbnails are decoded beside the window, once a row has been seen."""

    _decoded = Signal(int, object)
    titles = ("", "File", "Why it was left out")

    def __init__(self, dataset: Dataset, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset, self.rows = dataset, dataset.skipped
        self._pixmaps: dict[int, QPixmap | None] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._decoded.connect(self._take)

    def close(self) -> None:
        """Decode nothing more; call before the model goes."""
        self._pool.clear()
        self._pool.waitForDone(5000)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        skipped = self.dataset.skipped[row]
        text = ("", skipped.sample_id, skipped.reason)[column]
        if role == Role.DisplayRole:
            return text
        if role == Role.ToolTipRole:
            return tip(text)
        if role == Role.DecorationRole and column == IMAGE:
            return self._pixmap(row)
        return None

    def _pixmap(self, row: int) -> QPixmap | None:
        if row not in self._pixmaps:
            if len(self._pixmaps) >= _KEPT:
                self._pixmaps.clear()
            self._pixmaps[row] = None
            skipped = self.dataset.skipped[row]
            self._pool.start(Runnable(lambda: self._decoded.emit(row, _decoded(self.dataset, skipped))))
        return self._pixmaps[row]

    def _take(self, row: int, pixels: object) -> None:
        if isinstance(pixels, np.ndarray):
            self._pixmaps[row] = QPixmap.fromImage(fitted(to_qimage(pixels), SIDE))
            at = self.index(row, IMAGE)
            self.dataChanged.emit(at, at)


def _decoded(dataset: Dataset, skipped: Skipped) -> np.ndarray | None:
    """(H, W, 3) uint8 where the file can be decoded after all: it was left out for another reason, or was mended."""
    path = file_of(dataset, skipped)
    if path is None or any(packed.fits(path) for packed in (SHARDS, PARQUET)):
        return None
    try:
        return decode(read(path), at_least=SIDE)
    except (BadImage, OSError):
        return None


class SkippedDialog(QDialog):
    """A window of its own; the main window stays usable."""

    def __init__(self, dataset: Dataset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dataset = dataset
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Left out of {short_spec(dataset.spec)}")
        self.resize(820, 560)
        self.model = SkippedModel(dataset, self)
        self.shown = MatchingRows(self.model, lambda found: f"{found.sample_id} {found.reason}", self)
        self.table = self._make_table()
        self.search = finder("Search files and reasons")
        self.search.textChanged.connect(self._search)
        self.counted = label(muted=True)
        self.told = label(wrap=True, muted=True)
        self._lay_out()
        self._search("")
        self.finished.connect(lambda _: self.model.close())

    def _make_table(self) -> QTableView:
        table = of_whole_rows(QTableView(), "Images that were left out")
        table.setModel(self.shown)
        table.setSortingEnabled(True)
        table.sortByColumn(FILE, Qt.SortOrder.AscendingOrder)
        table.setIconSize(QSize(SIDE, SIDE))
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(SIDE + 6)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(IMAGE, QHeaderView.ResizeMode.Fixed)
        table.setColumnWidth(IMAGE, SIDE + 16)
        table.activated.connect(self._reveal)
        return table

    def _lay_out(self) -> None:
        number = len(self.dataset.skipped)
        sentence = (
            f"{count(number, 'image')} cannot be used and {'is' if number == 1 else 'are'} left out of every version, "
            "so that all figures are over the same images. Enter shows a file's folder."
        )
        line = QHBoxLayout()
        line.addWidget(self.search, 1)
        line.addWidget(self.counted)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.save = buttons.addButton("Save as CSV…", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(lambda *_: self.copy_rows())
        self.save.clicked.connect(lambda *_: self._ask_where())
        buttons.rejected.connect(self.reject)
        QShortcut(QKeySequence.StandardKey.Copy, self.table, self.copy_rows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.addWidget(label(sentence, wrap=True))
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.told)
        layout.addWidget(buttons)

    def _search(self, text: str) -> None:
        self.shown.search(text)
        self.counted.setText(f"{count(self.shown.rowCount())} of {count(len(self.dataset.skipped))}")

    def copy_rows(self) -> None:
        """The selected lines, or all that are shown, with a tab between file and reason."""
        rows = [index.row() for index in self.table.selectionModel().selectedRows()]
        lines = [
            "\t".join(str(self.shown.index(row, column).data()) for column in (FILE, REASON))
            for row in sorted(rows) or range(self.shown.rowCount())
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.told.setText(f"{count(len(lines), 'line')} copied.")

    def _ask_where(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the list", "left-out.csv", "CSV (*.csv)")
        if chosen:
            self.save_as(Path(chosen))

    def save_as(self, path: Path) -> None:
        """Write the whole list."""
        try:
            write_skipped_to(path, self.dataset)
        except UserError as error:
            self.told.setText(str(error))
        else:
            self.told.setText(f"{path} written: {count(len(self.dataset.skipped), 'line')}.")

    def _reveal(self, index: QModelIndex) -> None:
        found = file_of(self.dataset, self.dataset.skipped[self.shown.mapToSource(index).row()])
        if found is None:
            self.told.setText("There is no such file any more.")
        else:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(found.parent)))
