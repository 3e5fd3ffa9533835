"""Opening data without holding the window: the worker looks through them first, then they are opened."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from mpt_studio.data import Dataset, open_dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Job, PoolJob
from mpt_studio.gui.widgets.plain import short_spec
from mpt_studio.gui.workspace.version import Version
from mpt_studio.predictions import read_predictions

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient


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
            title=f"Opening {short_spec(spec)}",
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
        title = f"Opening {short_spec(spec)}"
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


class Evaluations(QObject):
    """Asks for predictions and gives them to their versions."""

    done = Signal(str)
    """Key of the version that has predictions now."""
    failed = Signal(str, str, str)
    """Key, sentence, detail; also when the user cancelled (with an empty detail)."""
    job_started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[str, Job] = {}

    def start(self, worker: WorkerClient, version: Version, spec: str) -> None:
        """Evaluate a version's checkpoint on the test part of the data."""
        if version.key in self._jobs:
            return
        request = worker.request(
            "evaluate",
            {"checkpoint": version.checkpoint, "data": spec},
            on_result=lambda answer: self._take(version, Path(str(answer["predictions"]))),
            on_error=lambda sentence, detail: self.failed.emit(version.key, sentence, detail),
            title=f"Evaluating {version.label}",
        )
        request.finished.connect(lambda: self._over(version.key, request))
        self._jobs[version.key] = request
        self.job_started.emit(request)

    def forget(self, key: str | None = None) -> None:
        """Drop one version's evaluation, or all of them, without a word."""
        for each in [key] if key is not None else list(self._jobs):
            job = self._jobs.pop(each, None)
            if job is not None:
                job.cancel()

    def _over(self, key: str, request: Job) -> None:
        if self._jobs.get(key) is not request:
            return
        del self._jobs[key]
        if request.is_cancelled:
            self.failed.emit(key, "The evaluation was cancelled; open the version again to repeat it.", "")

    def _take(self, version: Version, folder: Path) -> None:
        try:
            version.predictions = read_predictions(folder)
        except UserError as error:
            self.failed.emit(version.key, str(error), "")
        else:
            self.done.emit(version.key)
