"""Opening data without holding the window: the worker looks through them first, then they are opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from mpt_studio.data import Dataset, open_dataset
from mpt_studio.errors import UserError
from mpt_studio.gui import versions as making
from mpt_studio.gui.background import PoolJob
from mpt_studio.gui.latest import DIRECT_SAMPLES

if TYPE_CHECKING:
    from mpt_studio.gui.worker_client import WorkerClient


class DataOpening(QObject):
    """Opens one data set at a time; of several asked for, the last one counts."""

    opened = Signal(object)
    """The ``Dataset``."""
    failed = Signal(str, str)
    """Sentence, detail."""
    job_started = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = ""

    def open(self, spec: str, worker: WorkerClient | None) -> None:
        """Open by its spec; without a worker at once."""
        self._wanted = spec
        if worker is None:
            self._open_here(spec)
            return
        request = worker.request(
            "prepare_data",
            {"spec": spec},
            on_result=partial(self._prepared, spec),
            on_error=self.failed.emit,
            title=f"Opening {making.short_spec(spec)}",
        )
        self.job_started.emit(request)

    def _prepared(self, asked: str, answer: dict[str, Any]) -> None:
        """A large folder takes a second even when its index is kept: that second is not the window's."""
        if asked != self._wanted:
            return
        spec = str(answer.get("spec") or asked)
        if answer.get("samples", 0) <= DIRECT_SAMPLES:
            self._open_here(spec)
            return
        title = f"Opening {making.short_spec(spec)}"
        job = PoolJob(title, partial(open_dataset, spec), partial(self._made, asked), self.failed.emit, self)
        self.job_started.emit(job)
        job.start()

    def _open_here(self, spec: str) -> None:
        try:
            dataset = open_dataset(spec)
        except UserError as error:
            self.failed.emit(str(error), "")
            return
        self.opened.emit(dataset)

    def _made(self, asked: str, dataset: Dataset) -> None:
        if asked == self._wanted:
            self.opened.emit(dataset)
