"""What was left out of the data as a table: a thumbnail where there is one, the file, the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from mpt_studio.data import Dataset
from mpt_studio.data.dataset import Skipped
from mpt_studio.data.decode import BadImage, decode
from mpt_studio.data.files import read
from mpt_studio.gui.background import Runnable
from mpt_studio.gui.plain import tip

_Index = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
IMAGE, FILE, REASON = range(3)
SIDE = 44
_KEPT = 2000
"""Thumbnails that are remembered."""


def file_of(dataset: Dataset, skipped: Skipped) -> Path | None:
    """The file that was left out; None where there is none, or no such file."""
    kind, _, place = dataset.spec.partition(":")
    if kind not in ("folder", "manifest") or not place:
        return None
    root = Path(place) if kind == "folder" else Path(place).parent
    try:
        found = root / skipped.sample_id
        return found if found.is_file() else None
    except (OSError, ValueError):  # a name that is no path
        return None


class SkippedModel(QAbstractTableModel):
    """Thumbnails are decoded beside the window, once a row has been seen."""

    _decoded = Signal(int, object)

    def __init__(self, dataset: Dataset, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset = dataset
        self._pixmaps: dict[int, QPixmap | None] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._decoded.connect(self._take)

    def close(self) -> None:
        """Decode nothing more; call before the model goes."""
        self._pool.clear()
        self._pool.waitForDone(5000)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.dataset.skipped)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return ("", "File", "Why it was left out")[section]
        return None

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        skipped = self.dataset.skipped[row]
        text = ("", skipped.sample_id, skipped.reason)[column]
        if role == _Role.DisplayRole:
            return text
        if role == _Role.ToolTipRole:
            return tip(text)
        if role == _Role.DecorationRole and column == IMAGE:
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
            height, width, _ = pixels.shape
            image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._pixmaps[row] = QPixmap.fromImage(image.scaled(SIDE, SIDE, keep, smooth))
            at = self.index(row, IMAGE)
            self.dataChanged.emit(at, at)


def _decoded(dataset: Dataset, skipped: Skipped) -> np.ndarray | None:
    """(H, W, 3) uint8 where the file can be decoded after all: it was left out for another reason, or was mended."""
    path = file_of(dataset, skipped)
    try:
        return np.ascontiguousarray(decode(read(path), at_least=SIDE)) if path is not None else None
    except (BadImage, OSError):
        return None
