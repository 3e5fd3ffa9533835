"""The sheet of all keys (F1 or ?), made of the window's menus."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label, plain_text

Section = tuple[str, list[tuple[str, str]]]
_COLUMNS, _TITLE = 3, 2
"""Columns, and the lines that a section's title takes."""
_APART = 6
_AROUND = 90, 130
"""Pixels of the screen that frame, margins and the button take."""

OTHER_KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Images",
        (
            ("Arrows, Home, End, PgUp…", "Move"),
            ("Shift, Ctrl, Ctrl+A", "Extend, toggle, select all"),
            ("Enter, double-click", "Large image"),
            ("Space", "Quick look"),
            ("C", "Side by side, or both versions"),
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
            ("S", "Where they look, side by side"),
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
            ("Enter on a version, run, trial", "Show or open it"),
            ("Del on a run", "Delete it, after asking"),
        ),
    ),
)
"""Keys that panels handle themselves, for the shortcut sheet."""


class ShortcutSheet(QDialog):
    """Every shortcut, in columns of sections that fit a small screen."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle("Shortcuts")
        self.setAccessibleName("Shortcuts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(2 * theme.SPACE)
        columns = QHBoxLayout()
        columns.setSpacing(28)
        columns.setContentsMargins(0, 0, theme.SPACE, 0)
        for sections in _in_columns(all_sections(window)):
            columns.addLayout(_column(sections))
        layout.addWidget(_scrolled(columns, window.screen().availableSize()))
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


def _in_columns(sections: list[Section]) -> list[list[Section]]:
    """In their order; a column is full at its share of all lines, or a little above."""
    lines = sum(len(keys) + _TITLE for _, keys in sections)
    made: list[list[Section]] = [[]]
    filled = 0
    for section in sections:
        if made[-1] and filled + len(section[1]) / 2 > lines * len(made) / _COLUMNS:
            made.append([])
        made[-1].append(section)
        filled += len(section[1]) + _TITLE
    return made


def _scrolled(columns: QHBoxLayout, screen: QSize) -> QScrollArea:
    """As large as the columns, or as the screen allows."""
    content = QWidget()
    content.setLayout(columns)
    theme.mark(content, plain=True)
    area = QScrollArea(widgetResizable=True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(content)
    area.setMinimumSize(content.sizeHint().boundedTo(screen - QSize(*_AROUND)))
    return area


def _column(sections: list[Section]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(_APART)
    for title, keys in sections:
        heading = label(title)
        theme.mark(heading, subheading=True)
        column.addWidget(heading)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(1)
        for row, (key, meaning) in enumerate(keys):
            grid.addWidget(_key(key), row, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label(meaning), row, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addSpacing(_APART)
    column.addStretch()
    return column


def _key(text: str) -> QLabel:
    made = label(text)
    theme.mark(made, chip=True)
    return made
