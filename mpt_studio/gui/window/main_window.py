"""The window: pages in the middle, panels around them, actions from one table. It wires; it computes nothing."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import (
    QActionGroup,
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QMessageBox, QSizePolicy, QToolBar, QWidget

from mpt_studio import __version__, paths, recipe
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.beside.worker_client import WorkerClient
from mpt_studio.gui.versions.choosing import UpdateDialog, ask_about_training
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import short_spec
from mpt_studio.gui.widgets.settings import Settings, WindowState
from mpt_studio.gui.window.actions import MarkActions, fill_menus, make_actions, plain_text
from mpt_studio.gui.window.docks import Docks
from mpt_studio.gui.window.exports import Exports
from mpt_studio.gui.window.files import Files
from mpt_studio.gui.window.pages import PAGES, START, LatePages, Pages
from mpt_studio.gui.window.shortcut_sheet import ShortcutSheet
from mpt_studio.gui.window.update_news import UpdateNews
from mpt_studio.gui.window.welcome import DropHint, Welcome
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store

if TYPE_CHECKING:
    from mpt_studio.gui.compare.page import ComparePage
    from mpt_studio.gui.flips.page import FlipsPage
    from mpt_studio.gui.runs.page import RunsPage
    from mpt_studio.gui.train.page import TrainPage

log = logging.getLogger(__name__)
SCHEMES: tuple[tuple[theme.Scheme, str], ...] = (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark"))


class MainWindow(QMainWindow):
    """Everything the user sees."""

    painted = Signal()
    """The window is on the screen for the first time."""

    def __init__(self, store: Store, settings: Settings | None = None, worker: WorkerClient | None = None) -> None:
        super().__init__()
        self.settings, self.state = settings or Settings(), WindowState()
        self.worker = worker or WorkerClient(store.root, self)
        self.workspace = Workspace(store, self.worker, self)
        self._is_painted = False
        self.setWindowTitle("MPT Studio")
        self.setWindowIcon(theme.icon("app", "accent"))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.files = Files(self, self.workspace, self.settings)
        self.exports = Exports(self, self.workspace, self.settings)
        self.actions_by_id = make_actions(self)
        self._make_pages()
        self.docks = Docks(self, self.workspace)
        self._make_menus()
        self._make_toolbar()
        self.drop_hint = DropHint(self)
        self._connect()
        self._restore()

    # Parts --------------------------------------------------------------------------------------------------------

    def _make_pages(self) -> None:
        self.pages = Pages()
        self.welcome = Welcome()
        self.queue = RunQueue(self.workspace.store, self)
        self.late = LatePages(self)
        self.pages.add(START, self.welcome)
        for key in PAGES:
            self.pages.add_later(key, partial(getattr, self, key), self.actions_by_id[f"page_{key}"])
        self.setCentralWidget(self.pages)

    @property
    def train(self) -> TrainPage:
        return self.late.train

    @property
    def compare(self) -> ComparePage:
        return self.late.compare

    @property
    def flips(self) -> FlipsPage:
        return self.late.flips

    @property
    def runs(self) -> RunsPage:
        return self.late.runs

    def _make_menus(self) -> None:
        menus = fill_menus(self, self.actions_by_id)
        menus["&File"].insertMenu(self.actions_by_id["export_csv"], self.files.recent_menu)
        view, before = menus["&View"], self.actions_by_id["reset_layout"]
        panels = view.addMenu("&Panels")
        panels.addActions(list(self.docks.toggles()))
        schemes = view.addMenu("C&olours")
        group = QActionGroup(self)
        for key, text in SCHEMES:
            action = schemes.addAction(text, lambda key=key: self.set_scheme(key))
            action.setCheckable(True)
            action.setChecked(key == self.settings.scheme)
            group.addAction(action)
        view.insertMenu(before, panels)
        view.insertMenu(before, schemes)

    def _make_toolbar(self) -> None:
        bar = QToolBar("Pages")
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setContextMenuPolicy(self.contextMenuPolicy().PreventContextMenu)
        bar.addWidget(self.pages.bar)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        for key in ("open", "open_data", "try_now", "update_model", "shortcuts"):
            action = self.actions_by_id[key]
            bar.addAction(action)
            bar.widgetForAction(action).setAccessibleName(plain_text(action.text()).rstrip("…"))
        self.addToolBar(bar)

    def _connect(self) -> None:
        self.welcome.chosen.connect(lambda key: self.actions_by_id[key].trigger())
        self.pages.changed.connect(self.docks.follow)
        self.pages.changed.connect(MarkActions(self.actions_by_id, self.workspace, self).follow)
        workspace = self.workspace
        workspace.message.connect(self.docks.log.add)
        self.queue.problem.connect(lambda sentence: workspace.message.emit("error", sentence, ""))
        workspace.message.connect(self._tell)
        workspace.data_wanted.connect(lambda: self.pages.banner.offer("Open data…", self.files.choose_data))
        workspace.data_changed.connect(self._data_changed)
        workspace.job_started.connect(self.docks.log.add_job)
        workspace.show_flips.connect(self.show_flips)
        for signal in (workspace.data_changed, workspace.versions_changed, workspace.current_changed):
            signal.connect(self._refresh_actions)
        self.docks.data.open_wanted.connect(self.files.choose_data)
        self.files.opened.connect(self.show_compare)
        self.news = UpdateNews(self)
        self._refresh_actions()

    @Slot(str, str, str)
    def _tell(self, level: str, sentence: str, detail: str) -> None:
        """Across the page, but for the refusal of a file that the Versions panel tells."""
        if not self.docks.versions.tells(sentence):
            self.pages.banner.tell(level, sentence, detail)

    def _refresh_actions(self) -> None:
        ready = self.workspace.comparison() is not None
        self.actions_by_id["export_csv"].setEnabled(ready)
        several = len(self.workspace.candidates) > 1
        for key, enabled in (
            ("swap", self.workspace.old is not None and self.workspace.current is not None),
            ("next_candidate", several),
            ("previous_candidate", several),
            ("close_versions", bool(self.workspace.versions)),
        ):
            self.actions_by_id[key].setEnabled(enabled)
        if self.pages.key == START and (self.workspace.versions or self.workspace.dataset is not None):
            self.show_compare()

    def _data_changed(self) -> None:
        dataset = self.workspace.dataset
        self.setWindowTitle(f"{short_spec(dataset.spec)} – MPT Studio" if dataset is not None else "MPT Studio")
        if not self.pages.banner.action.isHidden():  # the data that it asked for are here
            self.pages.banner.hide()

    # Remembered layout --------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        self.docks.reset()
        if not self.state.restore("geometry", self.restoreGeometry):
            self._fit_screen()
        self._fits = not self.state.restore("layout", self.restoreState)
        self.docks.wants_inspector = self.state.values.get("inspector") is not False
        self.pages.show_page(START)

    def _fit_screen(self) -> None:
        area = self.screen().availableGeometry()
        width, height = min(area.width(), 1600), min(area.height(), 1000)
        self.resize(width, height - 30 if height == area.height() else height)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fits:  # only now the window has its size
            self._fits = False
            QTimer.singleShot(0, self, self.docks.fit)

    def start(self, opened: list[str]) -> None:
        """Attach to what trains in the background and open what the command line names; call once, when shown."""
        _ = self.train  # hears what the queue tells from its first word on
        self.queue.restore()
        if opened:
            self.files.open_paths([Path(entry) for entry in opened])
        elif self.queue.is_busy:
            self.show_train()
        self.late.make_rest()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self.painted.emit)  # when all that lies in the window is painted, too

    def reset_layout(self) -> None:
        """All panels to their places."""
        self.docks.reset()

    def toggle_full_screen(self) -> None:
        """Full screen and back."""
        self.setWindowState(self.windowState() ^ self.windowState().WindowFullScreen)
        self.actions_by_id["full_screen"].setChecked(self.isFullScreen())

    def set_scheme(self, scheme: theme.Scheme) -> None:
        """Light, dark, or as the system; remembered."""
        self.settings.scheme = scheme
        theme.set_scheme(scheme)

    # Pages --------------------------------------------------------------------------------------------------------

    def show_train(self) -> None:
        self.pages.show_page("train")

    @Slot()
    def show_compare(self) -> None:
        self.pages.show_page("compare")

    @Slot()
    def show_flips(self) -> None:
        self.pages.show_page("flips")

    def search_samples(self) -> None:
        self.show_flips()
        self.flips.search.edit.setFocus()

    def show_runs(self) -> None:
        self.pages.show_page("runs")

    def show_start(self) -> None:
        self.pages.show_page(START)

    def next_page(self) -> None:
        self.pages.step(1)

    def previous_page(self) -> None:
        self.pages.step(-1)

    def refit(self) -> None:
        """Fit the charts of the page on show to their data, where it has charts."""
        fit = getattr(self.pages.page, "refit", None)
        if fit is not None:
            fit()

    # Versions -----------------------------------------------------------------------------------------------------

    def next_candidate(self) -> None:
        self._step_candidate(1)

    def previous_candidate(self) -> None:
        self._step_candidate(-1)

    def _step_candidate(self, by: int) -> None:
        keys = [version.key for version in self.workspace.candidates]
        if self.workspace.current is not None and keys:
            self.workspace.set_current(keys[(keys.index(self.workspace.current.key) + by) % len(keys)])

    def swap_versions(self) -> None:
        """Make the candidate on show the old model, and the old model the candidate on show."""
        if self.workspace.current is not None:
            self.workspace.set_old(self.workspace.current.key)

    def close_versions(self) -> None:
        self.workspace.clear()

    # Opening ------------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.drop_hint.appear()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop_hint.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop_hint.hide()
        dropped = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        QTimer.singleShot(0, self, lambda: self.files.open_paths(dropped))  # lets the file manager go on at once

    # Updates ------------------------------------------------------------------------------------------------------

    def try_now(self) -> None:
        """Train on the built-in data, no questions."""
        preset = recipe.preset("try-it-now")
        self._start(preset.recipe, preset.title)

    def _start(self, chosen: UpdateRecipe, title: str) -> None:
        self.show_train()
        self.train.start_update(chosen, title)

    def update_model(self) -> None:
        """Ask for data and old model, then show the recipe."""
        dialog = UpdateDialog(self.settings.folder(), self)
        if dialog.exec():
            chosen = dialog.recipe(UpdateRecipe())
            self.files.with_old_model(chosen.old, lambda: self.offer_recipe(chosen))

    @Slot(object)
    def offer_recipe(self, chosen: UpdateRecipe) -> None:
        self.show_train()
        self.train.show_recipe(chosen)

    @Slot(str)
    def resume_update(self, update_id: str) -> None:
        self.show_train()
        self.train.resume(update_id)

    @Slot(object)
    def show_overlay(self, runs: list[str]) -> None:
        self.show_train()
        for run in runs:
            self.train.overlay(run)

    # Help and end -------------------------------------------------------------------------------------------------

    def show_shortcuts(self) -> None:
        """The sheet of all keys."""
        ShortcutSheet(self).exec()

    def reveal_store(self) -> None:
        """Show the store in the file manager."""
        self._reveal(self.workspace.store.root)

    def reveal_logs(self) -> None:
        """Show the log files in the file manager."""
        self._reveal(paths.log_dir())

    @staticmethod
    def _reveal(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def about(self) -> None:
        """Version and sources."""
        QMessageBox.about(
            self,
            "About MPT Studio",
            f"<b>MPT Studio {__version__}</b><p>Update an image classifier without breaking what it got right.</p>"
            "<p>Method: Ricci, Biondi, Pernici, Del Bimbo, AAAI 2026, arXiv 2511.08322.</p><p>Apache License 2.0</p>",
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self.pages.key == "runs":
            self.runs.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        keep = ask_about_training(self) if self.queue.is_busy else True
        if keep is None:
            event.ignore()
            return
        self.state.set(inspector=self.docks.wants_inspector)
        self.state.save(self.pages.key, geometry=self.saveGeometry(), layout=self.saveState())
        self.queue.close(keep_training=keep)
        if self.late.is_made("train"):
            self.train.close_page()
        self.workspace.close()
        self.worker.close()
        event.accept()
