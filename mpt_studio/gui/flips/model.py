"""What the image grid shows and where: the rows of a comparison, and the places of their cards below headings.

Nothing is created per sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt
from PySide6.QtWidgets import QWidget

from mpt_studio.compare import Comparison, Group
from mpt_studio.compare.blocks import parts
from mpt_studio.gui.widgets.flip_words import sentence
from mpt_studio.gui.widgets.plain import tip
from mpt_studio.gui.widgets.tables import Index

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

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def row_of(self, index: Index) -> int | None:
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

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
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


class GridLayout:
    """Lines of ``columns`` cells; every group begins a new line below its heading. Heights are in pixels."""

    def __init__(self, count: int, columns: int, cell_height: int, groups: Sequence[Group] = (), heading: int = 0):
        self.count, self.columns, self.cell_height = count, columns, cell_height
        self.groups = groups
        self._heading = heading if groups else 0
        starts = [group.start for group in groups] or [0]
        self._starts = np.array([*starts, count], np.int64)
        lines = -(-np.diff(self._starts) // columns)
        self._tops = np.concatenate([[0], np.cumsum(lines * cell_height + self._heading)])

    @property
    def height(self) -> int:
        """Of everything."""
        return int(self._tops[-1])

    def _group_at(self, y: int) -> int:
        return max(0, int(np.searchsorted(self._tops[:-1], y, side="right")) - 1)

    def place(self, position: int) -> tuple[int, int]:
        """Top and column of a card."""
        group = int(np.searchsorted(self._starts[:-1], position, side="right")) - 1
        line, column = divmod(position - int(self._starts[group]), self.columns)
        return int(self._tops[group]) + self._heading + line * self.cell_height, column

    def at(self, y: int, column: int) -> int:
        """The card at a height and in a column; −1 where there is none."""
        if not 0 <= y < self.height:
            return -1
        group = self._group_at(y)
        inside = y - int(self._tops[group]) - self._heading
        position = int(self._starts[group]) + inside // self.cell_height * self.columns + column
        return position if inside >= 0 and position < int(self._starts[group + 1]) else -1

    def nearest(self, y: int, column: int) -> int:
        """The card at a height and in a column, or one close to it."""
        y = min(max(0, y), max(0, self.height - 1))
        group = self._group_at(y)
        line = max(0, y - int(self._tops[group]) - self._heading) // self.cell_height
        position = int(self._starts[group]) + line * self.columns + column
        return max(0, min(position, int(self._starts[group + 1]) - 1))

    def between(self, top: int, bottom: int) -> range:
        """Positions of the cards on lines that touch these heights."""
        if self.count == 0 or bottom < 0 or top >= self.height:
            return range(0)
        return range(self.nearest(top, 0), min(self.count, self.nearest(bottom, self.columns - 1) + 1))

    def headings(self, top: int, bottom: int) -> list[tuple[int, Group]]:
        """(top, group) of the headings between these heights."""
        if not self.groups:
            return []
        first, last = self._group_at(max(0, top)), self._group_at(max(0, bottom))
        return [(int(self._tops[i]), self.groups[i]) for i in range(first, last + 1)]

    def vertically(self, position: int, by: int) -> int:
        """The card above (−1) or below (1); itself at the edge."""
        top, column = self.place(position)
        y = top - self._heading - 1 if by < 0 and self.at(top - 1, 0) < 0 else top + (by * self.cell_height)
        if by > 0 and self.at(y, 0) < 0:
            y += self._heading
        return self.nearest(y, column) if 0 <= y < self.height else position
