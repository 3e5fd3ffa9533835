"""What the log, the banner and the data panel hear of the update that trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Slot

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Note
from mpt_studio.gui.beside.engine_thread import Batch
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.search.live import progress_of
from mpt_studio.gui.train.state import UpdateState
from mpt_studio.gui.window.log import LogPanel
from mpt_studio.gui.window.pages import SEARCH, TRAIN, Pages
from mpt_studio.gui.workspace.outcomes import title_of
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Search, Update


class UpdateProgress(Job):
    """Follows an update's or a search's events. Cancel asks for stop-and-keep; it lasts until the end."""

    ending = "Stop and keep"

    def __init__(self, title: str, stop: Callable[[], None], state: UpdateState, parent: QObject | None = None) -> None:
        super().__init__(title, parent)
        self._stop, self._state = stop, state
        self._wish = ""

    def cancel(self) -> None:
        self._wish = "stopping, what is ready is kept"
        self._tell()
        self._stop()

    def take(self, events: Iterable[tuple[str, Event]]) -> None:
        """Move on with a batch of (run id, event)."""
        for run, event in events:
            self._state.feed(run, event)
        self._tell()

    def _tell(self) -> None:
        state, version = self._state, self._state.current
        if version is None:
            self.progressed.emit(self._wish or "starting", -1.0)
            return
        where = f"{version.name} ({state.versions.index(version) + 1} of {len(state.versions)})"
        doing = self._wish or ("waits for the disk" if state.waits else "paused" if state.is_paused else "")
        self.progressed.emit(", ".join(filter(None, (where, version.epoch_text, doing))), state.fraction)


class UpdateNews(QObject):
    """Listens to the queue; tells the log, the pages, and what follows the update.

    Its end takes nothing off the screen: it is a notice with *Open*, on whatever page.
    """

    def __init__(self, workspace: Workspace, queue: RunQueue, log: LogPanel, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._queue, self._log, self._pages = workspace, queue, log, pages
        self.progress: UpdateProgress | None = None
        self._noted: set[str] = set()
        self._has_begun = False
        queue.started.connect(self._begin)
        queue.events.connect(self._take)
        queue.ended.connect(self._end)

    @Slot(str)
    def _begin(self, update_id: str) -> None:
        title, self._noted, self._has_begun = self._title(update_id), set(), False
        self.progress = UpdateProgress(title, self._queue.stop_and_keep, self._state(update_id), self)
        self._log.add_job(self.progress)
        self._log.add("info", f"{title}: training.")
        if not self._is_search(update_id):
            self._workspace.following.begin(update_id)

    @Slot(str, object)
    def _take(self, update_id: str, batch: Batch) -> None:
        if self.progress is not None:
            self.progress.take(batch)
        if not self._has_begun:  # by now its record says that it runs
            self._has_begun = True
            self._renew()
        self._workspace.following.take(update_id, batch)
        for _run, event in batch:
            if isinstance(event, Note) and event.text not in self._noted:  # every run of an update says some things
                self._noted.add(event.text)
                self._log.add(event.level, event.text, event.detail, event.time)

    @Slot(str, str, str, str)
    def _end(self, update_id: str, outcome: str, message: str, detail: str) -> None:
        if self.progress is not None:
            self.progress.finish()
            self.progress = None
        self._workspace.following.end(update_id)
        level = {"failed": "error", "interrupted": "warning"}.get(outcome, "info")
        sentence = f"{self._title(update_id)}: {message or outcome}"
        self._log.add(level, sentence, detail)
        job = self._job(update_id)
        if job is not None and job.result:
            self._offer_result(update_id, sentence)
        elif self._pages.key != (SEARCH if self._is_search(update_id) else TRAIN).key:  # they show their own errors
            self._pages.banner.tell(level, sentence, detail)
        self._renew()

    def _renew(self) -> None:
        for page in self._pages.made():  # one that is made later reads the store then
            page.renew()

    # The result ---------------------------------------------------------------------------------------------------

    def _offer_result(self, update_id: str, sentence: str) -> None:
        if self._is_search(update_id):
            self._offer_search(update_id, sentence)
            return
        self._pages.banner.tell("news", sentence)
        self._pages.banner.offer("Open", lambda: self._open(update_id))

    def _offer_search(self, search_id: str, sentence: str) -> None:
        """Whoever looks at it sees what it found."""
        if self._pages.key == SEARCH.key and self._pages[SEARCH].shown == search_id:
            return
        self._pages.banner.tell("news", sentence)
        self._pages.banner.offer("Open", lambda: self._workspace.show_search.emit(search_id, ""))

    def _is_search(self, job: str) -> bool:
        return self._workspace.store.is_search(job)

    def _open(self, update_id: str) -> None:
        if self._workspace.opening.open_update(update_id):
            self._workspace.show_compare.emit()

    def _job(self, job_id: str) -> Update | Search | None:
        """As it is on disk; None where it is gone."""
        try:
            return self._workspace.store.job(job_id)
        except UserError:
            return None

    def _state(self, job_id: str) -> UpdateState:
        job = self._job(job_id)
        if isinstance(job, Search):
            return progress_of(job)
        return UpdateState(job.recipe if job is not None else UpdateRecipe())

    def _title(self, job_id: str) -> str:
        job = self._job(job_id)
        return title_of(job) if job is not None else "Update"
