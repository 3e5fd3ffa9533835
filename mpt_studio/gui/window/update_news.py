"""What the log, the banner and the data panel hear of the update that trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Slot

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Note, Paused, Stage, Started, Step
from mpt_studio.gui.beside.engine_thread import Batch
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.window.log import LogPanel
from mpt_studio.gui.window.pages import TRAIN, Pages
from mpt_studio.gui.workspace.workspace import Workspace


class UpdateProgress(Job):
    """Follows an update's events. Cancel asks for stop-and-keep; the job lasts until the update has ended."""

    def __init__(self, title: str, stop: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(title, parent)
        self._stop = stop
        self._stage: Stage | None = None
        self._epochs = 0
        self._within = 0.0
        self._state = ""

    def cancel(self) -> None:
        self._state = "stopping, what is ready is kept"
        self._tell()
        self._stop()

    def take(self, events: Iterable[tuple[str, Event]]) -> None:
        """Move on with a batch of (run id, event)."""
        for _run, event in events:
            if isinstance(event, Stage):
                self._stage, self._within, self._epochs = event, 0.0, 0
            elif isinstance(event, Started):
                self._epochs = event.epochs
            elif isinstance(event, Step):
                self._within = event.epoch
            elif isinstance(event, Paused):
                self._state = "paused" if event.paused else ""
        self._tell()

    def _tell(self) -> None:
        if self._stage is None:
            self.progressed.emit(self._state or "starting", -1.0)
            return
        part = min(1.0, self._within / self._epochs) if self._epochs else 0.0
        where = f"{self._stage.label} ({self._stage.index + 1} of {self._stage.count})"
        now = min(int(self._within) + 1, self._epochs)  # the one that is trained, as the Train page counts
        epochs = f", epoch {now} of {self._epochs}" if self._epochs else ""
        state = f", {self._state}" if self._state else ""
        self.progressed.emit(where + epochs + state, (self._stage.index + part) / max(1, self._stage.count))


class UpdateNews(QObject):
    """Listens to the queue; tells the log, the pages and who waits for the data."""

    def __init__(self, workspace: Workspace, queue: RunQueue, log: LogPanel, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._queue, self._log, self._pages = workspace, queue, log, pages
        self.progress: UpdateProgress | None = None
        self._noted: set[str] = set()
        queue.started.connect(self._begin)
        queue.events.connect(self._take)
        queue.ended.connect(self._end)

    @Slot(str)
    def _begin(self, update_id: str) -> None:
        title, self._noted = self._title(update_id), set()
        self.progress = UpdateProgress(title, self._queue.stop_and_keep, self)
        self._log.add_job(self.progress)
        self._log.add("info", f"{title}: training.")

    @Slot(str, object)
    def _take(self, update_id: str, batch: Batch) -> None:
        if self.progress is not None:
            self.progress.take(batch)
        workspace = self._workspace
        for _run, event in batch:
            if isinstance(event, Note) and event.text not in self._noted:  # every run of an update says some things
                self._noted.add(event.text)
                self._log.add(event.level, event.text, event.detail, event.time)
            elif isinstance(event, Started) and workspace.dataset is None:  # decoded by now, so this is quick
                workspace.loading.open(workspace.store.update(update_id).recipe.data)

    @Slot(str, str, str, str)
    def _end(self, update_id: str, outcome: str, message: str, detail: str) -> None:
        if self.progress is not None:
            self.progress.finish()
            self.progress = None
        level = {"failed": "error", "interrupted": "warning"}.get(outcome, "info")
        sentence = f"{self._title(update_id)}: {message or outcome}"
        self._log.add(level, sentence, detail)
        if self._pages.key != TRAIN.key:  # the Train page shows its own errors
            self._pages.banner.tell(level, sentence, detail)
        for page in self._pages.made():  # one that is made later reads the store then
            page.renew()

    def _title(self, update_id: str) -> str:
        try:
            return self._workspace.store.update(update_id).title or "Update"
        except UserError:
            return "Update"
