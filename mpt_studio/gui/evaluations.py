"""Evaluations of checkpoints in the worker process, one per version at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from mpt_studio.errors import UserError
from mpt_studio.gui.background import Job
from mpt_studio.gui.versions import Version
from mpt_studio.predictions import read_predictions

if TYPE_CHECKING:
    from mpt_studio.gui.worker_client import WorkerClient


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
