"""The rows of a comparison as the image grid asks for them; nothing is created per sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from mpt_studio.compare import Comparison
from mpt_studio.compare.stop import parts
from mpt_studio.gui.flip_card import sentence
from mpt_studio.gui.plain import tip

_Index = QModelIndex | QPersistentModelIndex
_SEEK = 1 << 15


class FlipModel(QAbstractListModel):
    """The rows of a comparison that are shown, in order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.comparison: Comparison | None = None
        self.rows = np.empty(0, np.int64)
        self.note_of: Callable[[Comparison, int], str] = lambda comparison, row: ""

    def set_rows(self, comparison: Comparison | None, rows: np.ndarray) -> None:
        self.beginResetModel()
        self.comparison, self.rows = comparison, rows
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def row_of(self, index: _Index) -> int | None:
        """The comparison's row behind an item."""
        return int(self.rows[index.row()]) if index.isValid() and index.row() < len(self.rows) else None

    def position(self, row: int | None) -> int | None:
        """Where a row of the comparison is in the grid."""
        if row is None:
            return None
        for part in parts(len(self.rows), _SEEK):  # usually near the top, and never a copy of a million
            found = np.flatnonzero(self.rows[part] == row)
            if len(found):
                return int(part.start + found[0])
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_of(index)
        if row is None or self.comparison is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return sentence(self.comparison, row)
        if role == Qt.ItemDataRole.ToolTipRole:
            note = self.note_of(self.comparison, row)
            lines = (
                str(self.comparison.sample_ids[row]),
                sentence(self.comparison, row),
                f"Note: {note}" if note else "",
            )
            return tip("\n".join(filter(None, lines)))
        return None
