"""What tables have in common: rows below titles, a search that hides rows, a view without grid, widths of columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Slot,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
View = TypeVar("View", bound=QTableView)
WIDEST = 300
"""Pixels of a column whose text is longer, where others need the room."""


class TableModel(QAbstractTableModel):
    """Rows of anything; what stands in their cells says who derives from it, in ``data``."""

    titles: Sequence[str] = ()
    numbers: Collection[int] = ()
    """Columns that end at the right."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[Any] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return self.titles[section]
        return self.side(section) if role == Role.TextAlignmentRole else None

    def side(self, column: int) -> Qt.AlignmentFlag:
        """Where the text of a column ends."""
        side = Qt.AlignmentFlag.AlignRight if column in self.numbers else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class MatchingRows(QSortFilterProxyModel):
    """Rows whose text has all words, upper or lower case."""

    def __init__(self, model: TableModel, text_of: Callable[[Any], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model, self._text_of = model, text_of
        self._words: Sequence[str] = ()
        self._fits: Callable[[Any], bool] = lambda _row: True
        self.setSourceModel(model)
        self.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)

    def search(self, text: str, fits: Callable[[Any], bool] = lambda _row: True) -> None:
        """Show the rows with these words, of those that fit."""
        self.beginFilterChange()
        self._words, self._fits = text.casefold().split(), fits
        self.endFilterChange()

    def filterAcceptsRow(self, at: int, _parent: Index) -> bool:
        row = self._model.rows[at]
        text = self._text_of(row).casefold()
        return self._fits(row) and all(word in text for word in self._words)


def of_whole_rows(table: View, name: str) -> View:
    """A table without grid and row numbers, of which rows are selected."""
    table.setAccessibleName(name)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    return table


def fitted(needs: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """What each column needs, up to ``WIDEST``; the longest are whole where there is room."""
    widths = [max(low, min(need, WIDEST)) for need, low in zip(needs, least, strict=True)]
    for at, need in enumerate(needs):
        widths[at] += max(0, min(room - sum(widths), need - widths[at]))
    return widths


class Fitting(QObject):
    """Gives a header's columns their widths; ``chosen`` is called when somebody moves or resizes them himself."""

    def __init__(self, header: QHeaderView, chosen: Callable[[], object] = lambda: None) -> None:
        super().__init__(header)
        self._header, self._chosen = header, chosen
        self.is_over = self._is_fitting = False
        """Whether the widths are somebody's choice."""
        for signal in (header.sectionResized, header.sectionMoved):
            signal.connect(self._heed)

    def fit(self, widths: Sequence[int]) -> None:
        """Until somebody chooses."""
        self._is_fitting = True
        for column, width in enumerate(widths if not self.is_over else ()):
            self._header.resizeSection(column, width)
        self._is_fitting = False

    @Slot()
    def _heed(self) -> None:
        if not self._is_fitting:
            self.is_over = True
            self._chosen()
