"""Actions and menus, made of the table in ``actions.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import action_tip
from mpt_studio.gui.window.actions import MENUS, ROWS, Row

if TYPE_CHECKING:
    from mpt_studio.gui.window.commands import Commands


def make_actions(window: QMainWindow) -> dict[str, QAction]:
    """The rows' actions by id, to be seen; ``serve`` has them do something."""
    return {row.id: _action(window, row) for row in ROWS}


def _action(window: QMainWindow, row: Row) -> QAction:
    action = QAction(row.text, window)
    action.setObjectName(row.id)
    action.setCheckable(row.checkable)
    action.setShortcuts([QKeySequence(keys) for keys in row.shortcut.split("  ") if keys])
    action.setToolTip(action_tip(row.text, row.shortcut, row.tip))
    action.setStatusTip(row.tip)
    if row.icon:
        theme.set_icon(action, row.icon)
    return action


def fill_menus(window: QMainWindow, actions: dict[str, QAction]) -> dict[str, QMenu]:
    """Put the actions into the menu bar; returns the menus by their titles."""
    menus = {title: window.menuBar().addMenu(title) for title in MENUS}
    for title, rows in MENUS.items():
        for row in rows:
            if row.starts_group:
                menus[title].addSeparator()
            menus[title].addAction(actions[row.id])
    return menus


def serve(actions: dict[str, QAction], commands: Commands) -> None:
    """Have the actions do what they say, and follow what is open and selected, and the page on show."""
    for row in ROWS:
        actions[row.id].triggered.connect(lambda *_, row=row: row.handler(commands))

    def refresh() -> None:
        for row in ROWS:
            actions[row.id].setEnabled(row.when(commands))

    workspace = commands.workspace
    for signal in (
        workspace.data_changed,
        workspace.versions_changed,
        workspace.comparison_changed,
        workspace.selection_changed,
        workspace.deciding.changed,
        commands.pages.changed,
    ):
        signal.connect(refresh)
    refresh()
