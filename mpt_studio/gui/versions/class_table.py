"""Two class lists side by side as a table that stays quick with thousands of classes; the last column is a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QCompleter, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from mpt_studio.compare.matching.doctor import PAIR_WORDS, PairKind, Row
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import tip
from mpt_studio.gui.widgets.tables import Index, Role, TableModel
from mpt_studio.gui.widgets.wheel import ComboBox

OLD, NEW, KIND, CHOICE = range(4)
_GLYPHS: dict[PairKind, tuple[str, str]] = {
    "removed": ("✗", "wrong"),
    "mapped": ("→", "accent"),
    "dropped": ("–", "muted"),
    "respelled": ("≈", "both_wrong"),
    "reordered": ("⇅", "muted"),
    "added": ("+", "right"),
    "same": ("=", "muted"),
}
"""Glyph and colour of each kind, in the order in which they are shown."""
_ORDER = {kind: i for i, kind in enumerate(_GLYPHS)}
_TITLES = ("What it is", "Take it as")
_CHOOSE = "choose …"
_DROP = "Drop it knowingly"
NOT_SAID = None
"""In place of a choice: none was made."""


class ClassModel(TableModel):
    """Rows of a diagnosis; ``draft`` holds what was chosen and not applied yet: old name → new name, "" drops."""

    chosen = Signal()
    titles = ("Old model", "Update", *_TITLES)
    rows: list[Row]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.draft: dict[str, str] = {}
        self.targets: Sequence[str] = ()
        """Names that a class may be mapped to."""

    def show(self, rows: Sequence[Row], draft: Mapping[str, str], titles: tuple[str, str]) -> None:
        """Show other rows, what needs a choice first."""
        self.beginResetModel()
        self.rows = sorted(rows, key=lambda row: _ORDER[row.kind])
        self.draft, self.titles = dict(draft), (*titles, *_TITLES)
        self.targets = [row.new for row in self.rows if row.kind == "added"]
        self.endResetModel()

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual = super().flags(index)
        return usual | Qt.ItemFlag.ItemIsEditable if self.can_choose(index) else usual

    def can_choose(self, index: Index) -> bool:
        """Whether a cell is a choice: that of a class which no equal name explains."""
        return index.column() == CHOICE and self.rows[index.row()].kind in ("removed", "mapped", "dropped")

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role in (Role.DisplayRole, Role.ToolTipRole, Role.AccessibleTextRole):
            text = self._text(row, index)
            return tip(text) if role == Role.ToolTipRole else text
        if role == Role.EditRole:
            return self.draft.get(row.old)
        if role == Role.ForegroundRole:
            return self._color(row, column)
        return None

    def _text(self, row: Row, index: Index) -> str:
        column = index.column()
        if column == KIND:
            return f"{_GLYPHS[row.kind][0]}  {PAIR_WORDS[row.kind]}"
        if column == CHOICE:
            return f"{self._choice(row)}  ▾" if self.can_choose(index) else ""
        return row.old if column == OLD else row.new

    def _choice(self, row: Row) -> str:
        said = self.draft.get(row.old)
        if said is None:
            return _CHOOSE
        suggested = " (suggested)" if row.kind == "removed" and said == row.suggestion else ""
        return f"→ {said}{suggested}" if said else _DROP

    def _color(self, row: Row, column: int) -> QColor | None:
        if column == KIND:
            return QColor(theme.color(_GLYPHS[row.kind][1]))
        if column == CHOICE and self.draft.get(row.old) is None:
            return QColor(theme.colors().muted)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.EditRole or not self.can_choose(index):
            return False
        self.choose(self.rows[index.row()].old, value)
        self.dataChanged.emit(index, index)
        return True

    def choose(self, old: str, said: str | None) -> None:
        """Take a class as another one, drop it knowingly (""), or take the choice back (None)."""
        if said is NOT_SAID:
            self.draft.pop(old, None)
        else:
            self.draft[old] = said
        self.chosen.emit()


class ChoiceDelegate(QStyledItemDelegate):
    """A list to choose from, in which one can type."""

    def __init__(self, model: ClassModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        box = ComboBox(parent)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setMaxVisibleItems(18)
        box.setAccessibleName("Take this class as")
        box.addItem(_CHOOSE, NOT_SAID)
        box.addItem(_DROP, "")
        said = index.data(Role.EditRole)
        for name in dict.fromkeys([*([said] if said else []), *self._model.targets]):
            box.addItem(name, name)
        completer = QCompleter(box.model(), box)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        box.setCompleter(completer)
        box.activated.connect(lambda _: self._done(box))
        return box

    def _done(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        said = index.data(Role.EditRole)
        editor.setCurrentIndex(0 if said is None else 1 if said == "" else max(0, editor.findText(said)))

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        at = editor.findText(editor.currentText(), Qt.MatchFlag.MatchFixedString)
        if at >= 0:
            model.setData(index, editor.itemData(at), Role.EditRole)
