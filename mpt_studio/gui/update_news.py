"""What the log, the banner and the data panel hear of the update that trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from mpt_studio.errors import UserError
from mpt_studio.events import Note, Started
from mpt_studio.gui.engine_thread import Batch
from mpt_studio.gui.update_progress import UpdateProgress

if TYPE_CHECKING:
    from mpt_studio.gui.main_window import MainWindow


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
                workspace.open_data(workspace.store.update(update_id).recipe.data)

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
