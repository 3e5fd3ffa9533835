"""The rows of updates and runs as a table model: what stands in each cell, in which colour, with which tooltip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QWidget

from mpt_studio.gui.runs.rows import HEADERS, NUMBERS, OUTCOMES, Row
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import tip

Index = QModelIndex | QPersistentModelIndex


class RunsModel(QAbstractTableModel):
    """Rows of updates and runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def set_rows(self, rows: list[Row]) -> None:
        """Show these; nothing moves on screen where they are the same."""
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        show = _ROLES.get(role)
        return show(self.rows[index.row()], index.column()) if show else None


def _display(row: Row, column: int) -> str:
    text = row.cells[column]
    if column == 0 and row.is_member:
        return f"      {text}"
    return f"{OUTCOMES.get(text, ('', ''))[0]}  {text}" if column == 1 else text


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _foreground(row: Row, column: int) -> QColor | None:
    if column == 1:
        return QColor(theme.color(OUTCOMES.get(row.outcome, ("", "text"))[1]))
    return QColor(theme.colors().muted) if column > 3 else None


def _font(row: Row, column: int) -> QFont | None:
    if row.kind != "update" or column > 3:
        return None
    font = QFont()
    font.setBold(True)
    return font


def _tooltip(row: Row, column: int) -> str | None:
    if column == 1:
        return tip(row.message) or None
    return tip(row.tips.get(column) or (f"{row.cells[0]}\n{row.id}" if column == 0 else row.cells[column])) or None


_ROLES: dict[int, Callable[[Row, int], Any]] = {
    Qt.ItemDataRole.DisplayRole: _display,
    Qt.ItemDataRole.ToolTipRole: _tooltip,
    Qt.ItemDataRole.ForegroundRole: _foreground,
    Qt.ItemDataRole.FontRole: _font,
    Qt.ItemDataRole.TextAlignmentRole: lambda _row, column: _alignment(column),
    Qt.ItemDataRole.AccessibleTextRole: lambda row, column: f"{HEADERS[column]}: {row.cells[column] or 'none'}",
}
