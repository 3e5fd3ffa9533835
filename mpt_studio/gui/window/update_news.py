"""What the log, the banner and the data panel hear of the update that trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Note, Paused, Stage, Started, Step
from mpt_studio.gui.beside.engine_thread import Batch
from mpt_studio.gui.beside.jobs import Job

if TYPE_CHECKING:
    from mpt_studio.gui.window.main_window import MainWindow


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
    """Listens to the queue for the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.progress: UpdateProgress | None = None
        self._noted: set[str] = set()
        window.queue.started.connect(self._begin)
        window.queue.events.connect(self._take)
        window.queue.ended.connect(self._end)

    @Slot(str)
    def _begin(self, update_id: str) -> None:
        title, self._noted, log = self._title(update_id), set(), self._window.docks.log
        self.progress = UpdateProgress(title, self._window.queue.stop_and_keep, self)
        log.add_job(self.progress)
        log.add("info", f"{title}: training.")

    @Slot(str, object)
    def _take(self, update_id: str, batch: Batch) -> None:
        if self.progress is not None:
            self.progress.take(batch)
        workspace = self._window.workspace
        for _run, event in batch:
            if isinstance(event, Note) and event.text not in self._noted:  # every run of an update says some things
                self._noted.add(event.text)
                self._window.docks.log.add(event.level, event.text, event.detail, event.time)
            elif isinstance(event, Started) and workspace.dataset is None:  # decoded by now, so this is quick
                workspace.loading.open(workspace.store.update(update_id).recipe.data)

    @Slot(str, str, str, str)
    def _end(self, update_id: str, outcome: str, message: str, detail: str) -> None:
        if self.progress is not None:
            self.progress.finish()
            self.progress = None
        level = {"failed": "error", "interrupted": "warning"}.get(outcome, "info")
        sentence = f"{self._title(update_id)}: {message or outcome}"
        window = self._window
        window.docks.log.add(level, sentence, detail)
        if window.pages.key != "train":  # the Train page shows its own errors
            window.pages.banner.tell(level, sentence, detail)
        if window.late.is_made("runs"):  # else it reads the store when it is made
            window.runs.refresh()

    def _title(self, update_id: str) -> str:
        try:
            return self._window.workspace.store.update(update_id).title or "Update"
        except UserError:
            return "Update"
