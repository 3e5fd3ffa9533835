"""The sheet of all keys (F1 or ?), made of the action table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.window.actions import MENUS, OTHER_KEYS, ROWS, plain_text

Section = tuple[str, list[tuple[str, str]]]


class ShortcutSheet(QDialog):
    """Every shortcut, in two columns of sections."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        self.setAccessibleName("Shortcuts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(2 * theme.SPACE)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for sections in _two_columns(all_sections()):
            columns.addLayout(_column(sections))
        layout.addLayout(columns)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)


def all_sections() -> list[Section]:
    """Title and (keys, meaning) of each group."""
    made: list[Section] = []
    for menu in MENUS:
        keys = [(r.shortcut.replace("  ", " or "), plain_text(r.text)) for r in ROWS if r.menu == menu and r.shortcut]
        made.append((plain_text(menu), keys))
    return [*made, *((title, list(keys)) for title, keys in OTHER_KEYS)]


def _two_columns(sections: list[Section]) -> list[list[Section]]:
    total, first = sum(len(keys) + 2 for _, keys in sections), 0
    for count, (_, keys) in enumerate(sections):
        first += len(keys) + 2
        if first * 2 >= total:
            return [sections[: count + 1], sections[count + 1 :]]
    return [sections]


def _column(sections: list[Section]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(theme.SPACE)
    for title, keys in sections:
        heading = label(title)
        theme.mark(heading, subheading=True)
        column.addWidget(heading)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        for row, (key, meaning) in enumerate(keys):
            grid.addWidget(_key(key), row, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label(meaning), row, 1)
        grid.setColumnMinimumWidth(0, 170)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addSpacing(theme.SPACE)
    column.addStretch()
    return column


def _key(text: str) -> QLabel:
    made = label(text)
    theme.mark(made, chip=True)
    return made
