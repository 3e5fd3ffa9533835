"""The window: pages in the middle, panels around them, actions from one table. It wires; it computes nothing."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, QTimer, Signal, Slot
from PySide6.QtGui import (
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QSizePolicy, QToolBar, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import plain_text, short_spec
from mpt_studio.gui.widgets.settings import Settings, WindowState
from mpt_studio.gui.window.docks import LOG, VERSIONS, Docks
from mpt_studio.gui.window.menus import fill_menus, make_actions, serve
from mpt_studio.gui.window.pages import COMPARE, FLIPS, SEARCH, START, TRAIN, Pages
from mpt_studio.gui.window.welcome import DropHint, Welcome

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient
    from mpt_studio.store import Store

log = logging.getLogger(__name__)
SCHEMES: tuple[tuple[theme.Scheme, str], ...] = (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark"))


class MainWindow(QMainWindow):
    """Everything the user sees.

    Without a store it is there to be seen: the start page between empty docks. ``furnish`` makes what works in it; that
    brings in most of the program, for which the first paint does not wait.
    """

    painted = Signal()
    """The window is on the screen for the first time."""

    def __init__(
        self, store: Store | None = None, settings: Settings | None = None, worker: WorkerClient | None = None
    ) -> None:
        super().__init__()
        self.settings, self.state = settings or Settings(), WindowState()
        self.welcome, self.drop_hint = Welcome(), DropHint(self)
        self.pages = Pages(self.welcome)
        self.setCentralWidget(self.pages)  # before the panels, so that the keyboard comes here first
        self.docks = Docks(self)
        self.actions_by_id = make_actions(self)
        self._is_painted = self.is_furnished = False
        self.setWindowTitle("MPT Studio")
        self.setWindowIcon(theme.icon("app", "accent"))
        self.setDockNestingEnabled(True)
        self._menus = fill_menus(self, self.actions_by_id)
        self._make_toolbar()
        self._restore()
        if store is not None:
            self.furnish(store, worker)

    def furnish(self, store: Store, worker: WorkerClient | None = None) -> None:
        """Make what works in the window: what is open, the panels, the deeds of the actions."""
        from mpt_studio.gui.beside.run_queue import RunQueue
        from mpt_studio.gui.beside.worker_client import WorkerClient
        from mpt_studio.gui.window.commands import Commands
        from mpt_studio.gui.window.files import Files
        from mpt_studio.gui.window.going import Going
        from mpt_studio.gui.window.recent_work import RecentWork
        from mpt_studio.gui.window.session import Session
        from mpt_studio.gui.window.update_news import UpdateNews
        from mpt_studio.gui.workspace.workspace import Workspace

        self.worker = worker or WorkerClient(store.root, self)
        self.workspace = Workspace(store, self.worker, self, self.settings)
        self.queue = RunQueue(store, self, options=self.workspace.run_on.options)
        self.files = Files(self, self.workspace, self.settings)
        self.pages.furnish(self.workspace, self.queue)
        self.docks.furnish(self.workspace)
        self.commands = Commands(self, self.workspace, self.files, self.pages, self.docks)
        self.news = UpdateNews(self.workspace, self.queue, self.docks[LOG], self.pages, self)
        self.session = Session(self.workspace, self.pages, self)
        self.recent = RecentWork(self.workspace, self.files, self.pages, self.session, self)
        self.going = Going(self.workspace, self.pages, lambda: self.session.returning.is_busy, self)
        serve(self.actions_by_id, self.commands)
        self._complete_menus()
        self._connect()
        self.setAcceptDrops(True)
        self.is_furnished = True

    # Parts --------------------------------------------------------------------------------------------------------

    def _complete_menus(self) -> None:
        self._menus["&File"].insertMenu(self.actions_by_id["export_csv"], self.files.recent_menu)
        self.actions_by_id["reopen"].setChecked(self.settings.reopens)
        view, before = self._menus["&View"], self.actions_by_id["reset_layout"]
        panels = view.addMenu("&Panels")
        panels.addActions(list(self.docks.toggles()))
        schemes = view.addMenu("C&olours")
        group = QActionGroup(self)
        for key, text in SCHEMES:
            action = schemes.addAction(text, partial(self.commands.set_scheme, key))
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
        for key in ("open", "open_data", "try_now", "update_model", "find_best", "shortcuts"):
            action = self.actions_by_id[key]
            bar.addAction(action)
            bar.widgetForAction(action).setAccessibleName(plain_text(action.text()).rstrip("…"))
        self.addToolBar(bar)

    def _connect(self) -> None:
        self.welcome.chosen.connect(lambda key: self.actions_by_id[key].trigger())
        self.welcome.wanted.connect(self.recent.refresh)
        self.recent.found.connect(self.welcome.show_work)
        self.welcome.work_chosen.connect(self.recent.open)
        self.recent.refresh()
        self.pages.changed.connect(lambda: self.docks.follow(self.pages.inspects))
        workspace = self.workspace
        workspace.message.connect(self.docks[LOG].add)
        self.queue.problem.connect(lambda sentence: workspace.message.emit("error", sentence, ""))
        workspace.message.connect(self._tell)
        workspace.attempted.connect(self.pages.banner.settle)
        workspace.data_wanted.connect(lambda: self.pages.banner.offer("Open data…", self.files.choose_data))
        workspace.choose_data.connect(self.files.choose_data)
        workspace.data_changed.connect(self._data_changed)
        workspace.job_started.connect(self.docks[LOG].add_job)
        workspace.show_compare.connect(lambda: self.pages.show_page(COMPARE.key))
        workspace.show_flips.connect(lambda: self.pages.show_page(FLIPS.key))

    @Slot(str, str, str)
    def _tell(self, level: str, sentence: str, detail: str) -> None:
        """Over the page, but for the refusal of a file that the Versions panel tells."""
        if not self.docks[VERSIONS].tells(sentence):
            self.pages.banner.tell(level, sentence, detail)

    def _data_changed(self) -> None:
        dataset = self.workspace.dataset
        self.setWindowTitle(f"{short_spec(dataset.spec)} – MPT Studio" if dataset is not None else "MPT Studio")
        self.pages.banner.settle(only_asked=True)  # the data that it asked for are here

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
        QTimer.singleShot(0, self, self.docks.bring_back)  # else they would come up behind the window
        if self._fits:  # only now the window has its size
            self._fits = False
            QTimer.singleShot(0, self, self.docks.fit)

    def start(self, opened: list[str], *, fresh: bool = False) -> None:
        """Open what the command line names, or else what was open last; attach to what trains in the background.

        Call once, when shown. ``fresh`` begins empty, whatever was open.
        """
        _ = self.pages[TRAIN]  # hears what the queue tells from its first word on
        if opened:  # before an update that goes on takes the empty place
            self.files.open_paths([Path(entry) for entry in opened])
        self.session.begin(fresh=fresh or bool(opened) or not self.settings.reopens)
        self.queue.restore()
        if not opened and self.queue.is_busy and self.pages.key == START:
            searches = self.workspace.store.is_search(self.queue.current)
            self.pages.show_page(SEARCH.key if searches else TRAIN.key)
        self.pages.make_rest()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self.painted.emit)  # when all that lies in the window is painted, too

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

    # End ----------------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.pages.page.renew()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.is_furnished and not self._stop_working():
            event.ignore()
            return
        self.state.set(inspector=self.docks.wants_inspector)
        self.state.save(geometry=self.saveGeometry(), layout=self.saveState())
        event.accept()

    def _stop_working(self) -> bool:
        """False where the user would rather go on."""
        from mpt_studio.gui.versions.choosing import ask_about_training

        keep = ask_about_training(self) if self.queue.is_busy else True
        if keep is None:
            return False
        self.session.close()
        self.queue.close(keep_training=keep)
        for page in self.pages.made():
            page.close_page()
        self.workspace.close()
        self.worker.close()
        return True
