"""The rows of updates and runs as a table model: what stands in each cell, in which colour, with which tooltip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFont

from mpt_studio.gui.runs.rows import HEADERS, NAME, NOTE, NUMBERS, TAGS, Row
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import tip
from mpt_studio.gui.widgets.tables import Index, Role, TableModel
from mpt_studio.gui.workspace.outcomes import DAMAGED, OUTCOMES


class RunsModel(TableModel):
    """Rows of updates and runs; names, tags and notes are edited in place."""

    said = Signal(object, str, str)
    """A row, "name", "tags" or "note", and what the user wrote."""

    titles, numbers = HEADERS, NUMBERS
    rows: list[Row]

    def set_rows(self, rows: list[Row]) -> None:
        """Show these; nothing moves on screen where they are the same."""
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Role.TextAlignmentRole:
            return self.side(index.column())
        show = _ROLES.get(role)
        return show(self.rows[index.row()], index.column()) if show else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = super().flags(index)
        can = index.isValid() and index.column() in FIELDS and self.rows[index.row()].outcome != DAMAGED
        return able | Qt.ItemFlag.ItemIsEditable if can else able

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.EditRole or index.column() not in FIELDS:
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
    Role.DisplayRole: _display,
    Role.EditRole: _edited,
    Role.ToolTipRole: _tooltip,
    Role.ForegroundRole: _foreground,
    Role.FontRole: _font,
    Role.AccessibleTextRole: lambda row, column: f"{HEADERS[column]}: {row.cells[column] or 'none'}",
}
