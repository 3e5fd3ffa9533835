"""Find the best update: set a search up, watch it, and take what it found; earlier ones are a choice away."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from mpt_studio import jobs
from mpt_studio.errors import UserError
from mpt_studio.events import Note, Paused
from mpt_studio.gui.beside.engine_thread import Batch
from mpt_studio.gui.beside.jobs import Latest
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.search.live import LiveSearch
from mpt_studio.gui.search.setup import SearchSetup
from mpt_studio.gui.search.watching import SearchView
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.widgets.messages import ErrorPanel
from mpt_studio.gui.widgets.plain import short_spec
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.outcomes import title_of, trials_words
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Search

_NEW = "A new search"
_MORE = 10


class SearchPage(Page):
    """Shows the setup, or one search."""

    def __init__(self, workspace: Workspace, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self.queue = workspace, queue
        self.setup, self.view, self.errors = SearchSetup(workspace, queue), SearchView(), ErrorPanel()
        self.choice, self.new, self.foot = ComboBox(), QPushButton("New search…"), self.setup.start
        self._listed: list[tuple[str, str]] = []
        """Text and id of each search in the choice."""
        self._wanted = self._sought = ""
        """Of the search that is shown, or being read, and of a run of it to select; empty while one is set up."""
        self._early: Batch = []
        """Events of a search that is still being read."""
        self._has_chosen = False
        self._list, self._read = (Latest(self._tell_error, self) for _ in range(2))
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.choice.setAccessibleName("Which search")
        self.choice.setMinimumWidth(480)
        theme.set_icon(self.new, "plus")
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE)
        for widget in (self.choice, self.new):
            head.addWidget(widget)
        head.addStretch(1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.setup)
        self.stack.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * [theme.SPACE])
        layout.setSpacing(theme.SPACE)
        layout.addLayout(head)
        layout.addWidget(self.errors)
        layout.addWidget(self.stack, 1)
        self._fill_choice()

    def _connect(self) -> None:
        self.choice.activated.connect(self._choose)
        self.new.clicked.connect(lambda *_: self.set_up())
        self.setup.start_asked.connect(self.start_search)
        self.view.asked.connect(self._do)
        self.view.trial_opened.connect(self._open_trial)
        self.queue.started.connect(self._begin)
        self.queue.events.connect(self._take)
        self.queue.ended.connect(lambda search, *_: self._reload(search))
        self.queue.changed.connect(self._show_status)
        self.queue.computed.connect(self._show_status)
        self.queue.changed.connect(self.setup.check)

    # ---- which search ------------------------------------------------------------------------------------------

    @property
    def shown(self) -> str:
        """Id of the search on show; empty while one is set up."""
        return self._wanted

    def set_up(self) -> None:
        """A new search."""
        self._has_chosen, self._wanted = True, ""
        self._read.cancel()
        self.stack.setCurrentWidget(self.setup)
        self._mark_choice()

    def show_search(self, search_id: str, run: str = "") -> None:
        """Read a search and show it, with the trial of a run selected."""
        self._has_chosen, self._wanted, self._sought, self._early = True, search_id, run, []
        self.errors.hide()
        self._mark_choice()
        self._read.ask(lambda _: self._caught_up(search_id), self._show, beside=True)

    def _caught_up(self, search_id: str) -> LiveSearch:
        live = LiveSearch(self.workspace.store.search(search_id))
        if live.is_alive:
            live.catch_up()
        return live

    def _show(self, live: LiveSearch) -> None:
        if live.id != self._wanted:
            return
        for run, event in self._early:
            live.feed(run, event)
        self._early = []
        if self.queue.current == live.id and live.outcome == "queued":
            live.outcome = "running"  # its process begins, and will say so
        self.view.show_search(live, self.queue.current == live.id, self.queue.compute)
        self.view.select_run(self._sought)
        self.stack.setCurrentWidget(self.view)

    def _reload(self, search_id: str) -> None:
        """What is on disk now, where it is the one on show."""
        if search_id == self._wanted:
            self.show_search(search_id)
        if self.workspace.store.is_search(search_id):
            self.renew()

    def renew(self) -> None:
        store, runs, live = self.workspace.store, self.queue.current, self.view.live
        paused = live is not None and live.id == runs and live.progress.is_paused

        def read(_: object) -> list[tuple[str, str]]:
            return [(_line(each, runs, paused), each.id) for each in store.searches()]

        if self.isVisible():
            self._list.ask(read, self._take_list, beside=True)

    def _take_list(self, found: list[tuple[str, str]]) -> None:
        self._listed = found
        self._fill_choice()
        if not self._has_chosen and found:  # whoever comes back sees what he left
            self.show_search(found[0][1])

    def _fill_choice(self) -> None:
        self.choice.clear()
        for text, search in ((_NEW, ""), *self._listed):
            self.choice.addItem(text, search)
        self._mark_choice()

    def _mark_choice(self) -> None:
        self.choice.setCurrentIndex(max(0, self.choice.findData(self._wanted)))

    @Slot(int)
    def _choose(self, index: int) -> None:
        chosen = str(self.choice.itemData(index))
        self.show_search(chosen) if chosen else self.set_up()

    # ---- running -----------------------------------------------------------------------------------------------

    def base_on(self, update: UpdateRecipe | None, why: str = "") -> None:
        """What a new search is for."""
        self.setup.base_on(update, why)

    @Slot(object)
    def start_search(self, recipe: SearchRecipe) -> str:
        """Put a search on disk and line it up; its id, or "" (the page says why)."""
        try:
            self.workspace.run_on.check(searches=True)
            title = f"Search on {short_spec(recipe.update.data)}"
            made = jobs.start_search(self.workspace.store, recipe, title)
            self.show_search(made.id)
            self.queue.add(made.id)
        except UserError as error:
            self._tell_error(str(error))
            return ""
        self.renew()
        return made.id

    def resume(self) -> None:
        """Line up the one on show again."""
        self._do("resume")

    @Slot(str)
    def _begin(self, search_id: str) -> None:
        if search_id == self._wanted:
            self._reload(search_id)

    @Slot(str, object)
    def _take(self, search_id: str, batch: Batch) -> None:
        if search_id != self._wanted:
            return
        live = self.view.live
        if live is None or live.id != search_id or self._read.is_busy:
            self._early += batch
            return
        live.outcome = "running"
        changes = [live.feed(run, event) for run, event in batch]
        if any(changes):
            self.view.trials_changed()
        self._show_status()
        if any(isinstance(event, Paused) for _, event in batch):
            self.renew()
        for _, event in batch:
            if isinstance(event, Note) and event.level == "error":
                self._tell_error(event.text, event.detail)

    @Slot()
    def _show_status(self) -> None:
        self.view.show_status(bool(self._wanted) and self.queue.current == self._wanted, self.queue.compute)

    # ---- what the buttons do -----------------------------------------------------------------------------------

    @Slot(str)
    def _do(self, what: str) -> None:
        deeds: dict[str, Callable[[], object]] = {
            "open": self._open_outcome,
            "export": self._export,
            "more": self._ask_for_more,
            "resume": self._go_on,
            "pause": lambda: self._wish(self.queue.pause, "Pausing…"),
            "go_on": lambda: self._wish(self.queue.go_on, "Going on…"),
            "stop": lambda: self._wish(self.queue.stop_and_keep, "Stopping…"),
        }
        try:
            self.errors.hide()
            deeds[what]()
        except UserError as error:
            self._tell_error(str(error))

    def _go_on(self) -> None:
        self.workspace.run_on.check(searches=True)
        self.queue.add(self._wanted)

    def _wish(self, what: Callable[[], None], words: str) -> None:
        what()
        self.view.status.tell_wish(words)

    @property
    def _search(self) -> Search | None:
        live = self.view.live
        return live.search if live is not None and live.id == self._wanted else None

    @Slot(int)
    def _open_trial(self, number: int) -> None:
        if (search := self._search) is not None and self.workspace.searching.open_trial(search, number):
            self.workspace.show_compare.emit()

    def _open_outcome(self) -> None:
        if (search := self._search) is not None and self.workspace.searching.open_outcome(search):
            self.workspace.show_compare.emit()

    def _export(self) -> None:
        if (search := self._search) is not None and self.workspace.searching.open_outcome(search):
            self.workspace.tool_wanted.emit("export", self.workspace.current)

    def _ask_for_more(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle("More trials")
        dialog.setLabelText("So many more trials. What is there stays; the best are trained again at the end.")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(1, 1000)
        dialog.setIntValue(_MORE)
        dialog.intValueSelected.connect(self.add_trials)
        dialog.open()

    @Slot(int)
    def add_trials(self, more: int) -> None:
        """Go on with so many more."""
        try:
            jobs.add_trials(self.workspace.store, self._wanted, more)
            self.show_search(self._wanted)
            self.queue.add(self._wanted)
        except UserError as error:
            self._tell_error(str(error))

    def _tell_error(self, sentence: str, detail: str = "") -> None:
        self.errors.tell("error", sentence, detail)

    # ---- page --------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.renew()

    def refit(self) -> None:
        """Fit the charts to their data (the window's Ctrl+R)."""
        self.view.refit()

    def close_page(self) -> None:
        """Stop what reads and asks."""
        self._list.cancel()
        self._read.cancel()
        self.setup.close_setup()
        self.view.close_view()


def _line(search: Search, runs: str, paused: bool) -> str:
    when = time.strftime("%d %b %H:%M", time.localtime(search.created))
    tried = f", {trials_words(search)}" if search.trials else ""
    goes_on = "paused" if paused else "running"
    outcome = goes_on if search.id == runs else "waiting" if search.outcome == "queued" else search.outcome
    return f"{title_of(search)}, {when}: {outcome}{tried}"
