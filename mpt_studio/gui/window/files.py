"""Opening and saving: file dialogs, recent files, the data and the versions that the user names."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu

from mpt_studio import paths
from mpt_studio.files.kinds import TABLES
from mpt_studio.gui.data.choosing import DataDialog
from mpt_studio.gui.versions.choosing import VERSIONS, CompareDialog
from mpt_studio.gui.versions.tools import VersionTools
from mpt_studio.gui.widgets.forms import filters
from mpt_studio.gui.widgets.plain import caption, short_spec
from mpt_studio.gui.widgets.settings import RECENT, Settings
from mpt_studio.gui.workspace.workspace import Workspace


class Files(QObject):
    """What the File menu does."""

    def __init__(self, window: QMainWindow, workspace: Workspace, settings: Settings) -> None:
        super().__init__(window)
        self._window, self.workspace, self.settings = window, workspace, settings
        self.versions = VersionTools(window, workspace, settings)
        self.recent_menu = QMenu("Open &recent", window)
        self.recent_actions = [self._recent_action(number) for number in range(1, RECENT + 1)]
        window.addActions(self.recent_actions)
        self._fill_recent()

    def _recent_action(self, number: int) -> QAction:
        action = QAction(self._window)
        action.setShortcut(QKeySequence(f"Ctrl+{number}"))
        action.triggered.connect(lambda: self.open_recent(number - 1))
        return action

    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        for action, entry in zip(self.recent_actions, self.settings.recent, strict=False):
            action.setText(caption(entry if Path(entry).exists() else short_spec(entry)))
            self.recent_menu.addAction(action)
        self.recent_menu.setEnabled(not self.recent_menu.isEmpty())

    def _remember(self, *entries: str) -> None:
        self.settings.add_recent(*(entry for entry in entries if entry))
        self._fill_recent()

    def open_files(self) -> None:
        """Choose weights and predictions."""
        chosen, _ = QFileDialog.getOpenFileNames(self._window, "Open", self.settings.folder(), VERSIONS)
        if chosen:
            self.open_paths([Path(entry) for entry in chosen])

    def open_folder(self) -> None:
        """Choose a folder of images or of predictions."""
        chosen = QFileDialog.getExistingDirectory(self._window, "Open a folder", self.settings.folder())
        if chosen:
            self.open_paths([Path(chosen)])

    def open_metadata(self) -> None:
        """Choose a table with further columns on the samples."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open metadata", self.settings.folder(), filters(TABLES))
        if chosen:
            self.workspace.tables.open(Path(chosen))

    def open_paths(self, chosen: list[Path]) -> None:
        """Open files and folders, and remember those that exist."""
        there = [path.resolve() for path in chosen if paths.exists(path)]
        self._remember(*map(str, there))
        if there:
            self.settings.set(folder=str(there[0].parent))
        self.workspace.opening.open(chosen)

    def open_recent(self, index: int) -> None:
        """Open an entry of the recent list again."""
        if index < len(self.settings.recent):
            entry = self.settings.recent[index]
            self.open_paths([Path(entry)]) if Path(entry).exists() else self.open_data(entry)

    def open_data(self, spec: str) -> None:
        """Open data by spec and remember it."""
        self._remember(spec)
        self.workspace.attempted.emit()
        self.workspace.loading.open(spec)

    @Slot()
    def choose_data(self) -> None:
        """Ask which data to open."""
        dialog = DataDialog(self._spec(), self.settings.folder(), self._window)
        if dialog.exec():
            self.open_data(dialog.data.spec)

    def compare_two(self) -> None:
        """Ask for two versions and compare them."""
        dialog = CompareDialog(self._spec(), self.settings.folder(), self._window)
        if not dialog.exec():
            return
        if dialog.needs_data:
            self.open_data(dialog.data.spec)
        self._remember(dialog.new.path, dialog.old.path)
        self.workspace.opening.open([Path(dialog.old.path), Path(dialog.new.path)], instead=True)

    def _spec(self) -> str:
        return self.workspace.dataset.spec if self.workspace.dataset else "builtin"
