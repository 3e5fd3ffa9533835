"""Every action of the window as a row of one table; menus, toolbar and the shortcut sheet are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.workspace.workspace import Workspace


@dataclass(frozen=True)
class Row:
    """One action. ``handler`` names a method of the window or of a part of it."""

    id: str
    text: str
    menu: str
    handler: str
    shortcut: str = ""
    """Several are separated by two spaces."""
    tip: str = ""
    icon: str = ""
    checkable: bool = False
    starts_group: bool = False
    """A separator comes before it in the menu."""


MENUS = ("&File", "&Update", "V&ersions", "&Judge", "&View", "&Help")
ROWS: tuple[Row, ...] = (
    Row("open", "&Open…", "&File", "files.open_files", "Ctrl+O", "Open weights or predictions", "open"),
    Row(
        "open_folder",
        "Open &folder…",
        "&File",
        "files.open_folder",
        "Ctrl+Shift+O",
        "Open images, weights or predictions",
        "folder",
    ),
    Row(
        "open_data", "Open &data…", "&File", "files.choose_data", "Ctrl+D", "Choose the data set to evaluate on", "data"
    ),
    Row(
        "open_metadata",
        "Open &metadata…",
        "&File",
        "files.open_metadata",
        "Ctrl+M",
        "A CSV file with columns on the samples, by sample id or file name",
        "log",
    ),
    Row(
        "export_csv",
        "&Export samples…",
        "&File",
        "exports.export_samples",
        "Ctrl+E",
        "CSV, Parquet, images by flow pair or a contact sheet, of the selection or more",
        "export",
    ),
    Row(
        "export_blockers",
        "Export must-&not-flip list…",
        "&File",
        "exports.export_blockers",
        "Ctrl+Shift+B",
        "Save the ids of all blockers, for mpt-studio compare --must-not-flip",
        "save",
    ),
    Row(
        "export_version",
        "Export &version…",
        "&File",
        "files.versions.export",
        "Ctrl+Shift+E",
        "As .pth, ONNX, safetensors or a list of class names, checked",
        "save",
    ),
    Row("skipped", "Images left o&ut…", "&File", "files.versions.skipped", "", "Which, and why", "image"),
    Row("reveal_store", "Show the &store's folder", "&File", "reveal_store", "", "Where runs are kept", "folder"),
    Row("quit", "&Quit", "&File", "close", "Ctrl+Q", "Close the window", "", starts_group=True),
    Row("try_now", "&Try it now", "&Update", "try_now", "Ctrl+T", "Train on the built-in data, no questions", "try"),
    Row("update_model", "&Update my model…", "&Update", "update_model", "Ctrl+U", "Choose data and model", "update"),
    Row("compare_two", "&Compare two versions…", "&Update", "files.compare_two", "Ctrl+Shift+N", "Pick two", "compare"),
    Row("next_candidate", "&Next candidate", "V&ersions", "next_candidate", "Alt+Down", "Show the next candidate"),
    Row("previous_candidate", "&Previous candidate", "V&ersions", "previous_candidate", "Alt+Up", "Show the last one"),
    Row("swap", "&Swap old model and current", "V&ersions", "swap_versions", "Ctrl+Shift+X", "Exchange roles", "swap"),
    Row("about_version", "&About this version…", "V&ersions", "files.versions.about", "Ctrl+I", "What it is", "info"),
    Row("class_doctor", "Class &doctor…", "V&ersions", "files.versions.doctor", "Ctrl+L", "Class lists side by side"),
    Row("close_versions", "&Close all versions", "V&ersions", "close_versions", "", "Nothing is deleted", "close"),
    Row("mark_acceptable", "&Acceptable", "&Judge", "workspace.judging.accept", "P", "These flips may ship", "check"),
    Row("mark_blocker", "&Blocker", "&Judge", "workspace.judging.block", "X", "These samples must not flip", "cross"),
    Row("mark_label_wrong", "&Label wrong", "&Judge", "workspace.judging.doubt", "6", "The truth is wrong", "edit"),
    Row("mark_none", "&Clear the mark", "&Judge", "workspace.judging.clear", "U", "Not judged", "remove"),
    Row("undo", "&Undo mark or note", "&Judge", "workspace.judging.undo", "Ctrl+Z", "", "reset", starts_group=True),
    Row("redo", "&Redo mark or note", "&Judge", "workspace.judging.redo", "Ctrl+Shift+Z  Ctrl+Y", "", "resume"),
    Row("thresholds", "&Thresholds of causes…", "&Judge", "workspace.thresholds.ask", "", "Where causes end"),
    Row("page_train", "&Train", "&View", "show_train", "Ctrl+Shift+T", "Recipe and live curves", "train"),
    Row("page_compare", "&Compare", "&View", "show_compare", "Ctrl+Shift+C", "Old model against candidates", "compare"),
    Row("page_flips", "&Flips", "&View", "show_flips", "Ctrl+Shift+F", "The images that flipped", "flips"),
    Row("page_runs", "&Runs", "&View", "show_runs", "Ctrl+Shift+R", "Everything trained so far", "runs"),
    Row("find", "Search sa&mples", "&View", "search_samples", "Ctrl+F", "By words and conditions", "search"),
    Row("page_start", "&Start", "&View", "show_start", "Ctrl+Shift+H", "The three ways to begin"),
    Row("next_page", "Ne&xt page", "&View", "next_page", "Ctrl+PgDown", "Go one page to the right", starts_group=True),
    Row("previous_page", "Pre&vious page", "&View", "previous_page", "Ctrl+PgUp", "Go one page to the left"),
    Row("refit", "Ref&it charts", "&View", "refit", "Ctrl+R", "Fit the page's charts to their data", "refresh"),
    Row("reset_layout", "Reset &layout", "&View", "reset_layout", "", "All panels to their places", "layout"),
    Row("full_screen", "F&ull screen", "&View", "toggle_full_screen", "F11", "", "fullscreen", checkable=True),
    Row("shortcuts", "&Shortcuts", "&Help", "show_shortcuts", "F1  ?", "Every key on one sheet", "keyboard"),
    Row("reveal_logs", "Show the &log files", "&Help", "reveal_logs", "", "For reports of problems", "log"),
    Row("about", "&About MPT Studio", "&Help", "about", "", "Version and sources", "info"),
)

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


def make_actions(window: QMainWindow, rows: Iterable[Row] = ROWS) -> dict[str, QAction]:
    """The rows' actions, connected to the window's methods, by id."""
    made: dict[str, QAction] = {}
    for row in rows:
        action = QAction(row.text, window)
        action.setObjectName(row.id)
        action.setCheckable(row.checkable)
        action.setShortcuts([QKeySequence(keys) for keys in row.shortcut.split("  ") if keys])
        action.setToolTip(_tip(row))
        action.setStatusTip(row.tip)
        if row.icon:
            theme.set_icon(action, row.icon)
        action.triggered.connect(_without_argument(attrgetter(row.handler)(window)))
        made[row.id] = action
    return made


def fill_menus(window: QMainWindow, actions: dict[str, QAction], rows: Iterable[Row] = ROWS) -> dict[str, Any]:
    """Put the actions into the menu bar; returns the menus by their titles."""
    menus = {title: window.menuBar().addMenu(title) for title in MENUS}
    for row in rows:
        if row.starts_group:
            menus[row.menu].addSeparator()
        menus[row.menu].addAction(actions[row.id])
    return menus


def plain_text(text: str) -> str:
    """A menu text without its mnemonic."""
    return text.replace("&", "")


def _tip(row: Row) -> str:
    name = plain_text(row.text).rstrip("…")
    keys = f" ({row.shortcut.split('  ')[0]})" if row.shortcut else ""
    return f"{name}{keys}" + (f"\n{row.tip}" if row.tip else "")


def _without_argument(method: Any) -> Any:
    return lambda *_: method()


MARKING = ("mark_acceptable", "mark_blocker", "mark_label_wrong", "mark_none")
_PAGES = ("compare", "flips")


class MarkActions(QObject):
    """Their keys are single letters, so they are off wherever nothing is selected."""

    def __init__(self, actions: dict[str, QAction], workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._actions, self._workspace, self._page = actions, workspace, ""
        for signal in (workspace.selection_changed, workspace.current_changed, workspace.versions_changed):
            signal.connect(self.refresh)
        self.refresh()

    def follow(self, page: str) -> None:
        """Another page is on show."""
        self._page = page
        self.refresh()

    def refresh(self) -> None:
        """Enable what can be done."""
        compared = self._workspace.comparison() is not None
        selected = compared and self._workspace.selected is not None and self._page in _PAGES
        for key in MARKING:
            self._actions[key].setEnabled(selected)
        for key in ("undo", "redo"):
            self._actions[key].setEnabled(compared and self._page in _PAGES)
        for key in ("export_selection", "export_blockers", "open_metadata"):
            if key in self._actions:
                self._actions[key].setEnabled(compared)
