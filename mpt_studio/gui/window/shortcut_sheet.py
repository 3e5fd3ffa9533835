"""The sheet of all keys (F1 or ?), made of the window's menus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QVBoxLayout,
)

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label, plain_text

Section = tuple[str, list[tuple[str, str]]]

OTHER_KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Images",
        (
            ("Arrows, Home, End, PgUp, PgDn", "Move"),
            ("Shift, Ctrl, Ctrl+A", "Extend, toggle, select all"),
            ("Enter, double-click", "Large image"),
            ("Space", "Quick look"),
            ("C", "Selected images side by side; one alone under both versions"),
            ("M", "Map of the samples"),
            ("Ctrl+wheel", "Size of the thumbnails"),
            ("Esc", "One level back"),
        ),
    ),
    (
        "Large image",
        (
            ("Arrows, PgUp, PgDn", "Other images"),
            ("Wheel, + and −", "Zoom"),
            ("Drag", "Pan"),
            ("Z", "Fit"),
            ("S", "While versions are side by side: show or hide where they look"),
        ),
    ),
    (
        "Map",
        (
            ("Drag", "Encircle samples"),
            ("Wheel, + and −", "Zoom"),
            ("Shift+drag", "Pan"),
            ("Z", "Fit"),
            ("Esc", "Close"),
        ),
    ),
    (
        "Curves",
        (("Ctrl+wheel", "Zoom"), ("Drag", "Pan"), ("Double-click", "Enlarge one plot"), ("Esc", "All plots again")),
    ),
    (
        "Elsewhere",
        (
            ("Ctrl+1 … Ctrl+9", "Recent files"),
            ("Ctrl+Enter", "Train and compare"),
            ("Enter on a version or run", "Show or open it"),
            ("Del on a run", "Delete it, after asking"),
        ),
    ),
)
"""Keys that panels handle themselves, for the shortcut sheet."""


class ShortcutSheet(QDialog):
    """Every shortcut, in two columns of sections."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle("Shortcuts")
        self.setAccessibleName("Shortcuts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(2 * theme.SPACE)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for sections in _two_columns(all_sections(window)):
            columns.addLayout(_column(sections))
        layout.addLayout(columns)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)


def all_sections(window: QMainWindow) -> list[Section]:
    """Title and (keys, meaning) of each menu, then of what panels handle themselves."""
    menus = [action.menu() for action in window.menuBar().actions()]
    made = [(plain_text(menu.title()), _of_menu(menu)) for menu in menus if isinstance(menu, QMenu)]
    return [*made, *((title, list(keys)) for title, keys in OTHER_KEYS)]


def _of_menu(menu: QMenu) -> list[tuple[str, str]]:
    actions = [action for action in menu.actions() if action.shortcuts()]
    return [(" or ".join(keys.toString() for keys in a.shortcuts()), plain_text(a.text())) for a in actions]


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
