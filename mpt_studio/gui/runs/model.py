"""The rows of updates and runs as a table model: what stands in each cell, in which colour, with which tooltip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QWidget

from mpt_studio.gui.runs.rows import HEADERS, NAME, NOTE, NUMBERS, TAGS, Row
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import tip
from mpt_studio.gui.workspace.outcomes import DAMAGED, OUTCOMES

Index = QModelIndex | QPersistentModelIndex


class RunsModel(QAbstractTableModel):
    """Rows of updates and runs; names, tags and notes are edited in place."""

    said = Signal(object, str, str)
    """A row, "name", "tags" or "note", and what the user wrote."""

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

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = super().flags(index)
        can = index.isValid() and index.column() in FIELDS and self.rows[index.row()].outcome != DAMAGED
        return able | Qt.ItemFlag.ItemIsEditable if can else able

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() not in FIELDS:
            return False
        row = self.rows[index.row()]
        if str(value).strip() != row.cells[index.column()]:
            self.said.emit(row, FIELDS[index.column()], str(value))
        return True


FIELDS = {NAME: "name", TAGS: "tags", NOTE: "note"}
"""By column, what is said there of a run or an update."""


def _display(row: Row, column: int) -> str:
    text = row.cells[column]
    if column == NOTE:
        return text.partition("\n")[0]
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
    if not row.is_job or column > 3:
        return None
    font = QFont()
    font.setBold(True)
    return font


def _tooltip(row: Row, column: int) -> str | None:
    if column == 1:
        return tip(row.message) or None
    return tip(row.tips.get(column) or (f"{row.cells[0]}\n{row.id}" if column == 0 else row.cells[column])) or None


def _edited(row: Row, column: int) -> str:
    return row.cells[column]


_ROLES: dict[int, Callable[[Row, int], Any]] = {
    Qt.ItemDataRole.DisplayRole: _display,
    Qt.ItemDataRole.EditRole: _edited,
    Qt.ItemDataRole.ToolTipRole: _tooltip,
    Qt.ItemDataRole.ForegroundRole: _foreground,
    Qt.ItemDataRole.FontRole: _font,
    Qt.ItemDataRole.TextAlignmentRole: lambda _row, column: _alignment(column),
    Qt.ItemDataRole.AccessibleTextRole: lambda row, column: f"{HEADERS[column]}: {row.cells[column] or 'none'}",
}
