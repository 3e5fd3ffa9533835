"""Opening data without holding the window, and having the versions evaluated that have no answers on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from mpt_studio.data import Dataset, open_dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import Job, Latest, PoolJob
from mpt_studio.gui.compute.run_on import RunOn
from mpt_studio.gui.images.image_index import image_index
from mpt_studio.gui.widgets.plain import listed, short_spec
from mpt_studio.gui.workspace import version as making
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.version import Version
from mpt_studio.predictions import read_predictions

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient

MANY_IMAGES = 100_000
"""Test images from which on a version answers them where jobs run; a cluster is not started for fewer."""
DIRECT_IMAGES = 30_000
"""Samples up to which their images are sought at once; it takes a frame (measured: 15 ms)."""


class Loading(QObject):
    """Opens the data and what belongs to them: the samples' images, and the versions' answers."""

    changed = Signal()
    """Other data are being opened, or none any more."""

    def __init__(self, opened: Opened, run_on: RunOn) -> None:
        super().__init__(opened)
        self._opened, self._run_on = opened, run_on
        self.spec = ""
        """Of the data that are being opened."""
        self._data, self._evaluations = DataOpening(self), Evaluations(self)
        self._locating = Latest(lambda *said: opened.message.emit("error", *said), self)
        self._data.opened.connect(self._take)
        self._data.failed.connect(self._failed)
        self._data.cancelled.connect(lambda: self._say(""))
        self._evaluations.done.connect(opened.answers_changed)
        self._evaluations.failed.connect(self._not_evaluated)
        for part in (self._data, self._evaluations):
            part.job_started.connect(opened.job_started)
        opened.preparing.append(lambda made: image_index(opened.dataset, made))
        opened.versions_changed.connect(lambda: self._evaluations.keep(opened.versions))

    def open(self, spec: str) -> None:
        """Open a data set by its spec; the slow part runs in the worker."""
        if self._opened.dataset is None or self._opened.dataset.spec != spec:
            self._say(spec)
            self._data.open(spec, self._opened.worker)

    def _say(self, spec: str) -> None:
        self.spec = spec
        self.changed.emit()

    def _failed(self, sentence: str, detail: str) -> None:
        self._say("")
        self._opened.message.emit("error", sentence, detail)

    def _take(self, dataset: Dataset) -> None:
        opened = self._opened
        opened.dataset = dataset
        self._say("")
        making.tell_of(dataset, opened.store, opened.message.emit)
        for version in [v for v in opened.versions if making.fit_to(v, dataset)]:
            opened.compare_again(version.key)
        self.locate_images(dataset)

    def locate_images(self, dataset: Dataset) -> None:
        """Find the images of the samples, beside the window where they are many; then tell of the data."""
        made = self._opened.made()
        many = sum(map(len, made)) > DIRECT_IMAGES
        self._locating.ask(lambda _: [image_index(dataset, each) for each in made], self._located, beside=many)

    def _located(self, _: object) -> None:
        self._opened.data_changed.emit()
        self.evaluate()

    def evaluate(self) -> None:
        """Have every version evaluated that needs it; without data say which wait for them."""
        opened = self._opened
        if opened.waiting_for_data:
            names = listed([v.label for v in opened.waiting_for_data])
            opened.message.emit("warning", f"{names}: open the data to evaluate on (Ctrl+D, or drop a folder).", "")
            opened.data_wanted.emit()
            return
        for version in opened.versions:
            self.evaluate_one(version)

    def evaluate_one(self, version: Version) -> None:
        """Where data are open and it has no answers on them."""
        data, worker = self._opened.dataset, self._opened.worker
        if data is None or worker is None or version.problem or not version.checkpoint:
            return
        known, chosen = version.predictions, not self._opened.update_id  # an update's answers are on its own data
        if known is None or (chosen and known.data_fingerprint not in ("", data.fingerprint)):
            cluster = self._run_on.cluster if len(data.test) >= MANY_IMAGES else ""
            self._evaluations.start(worker, version, data.spec, cluster)

    def evaluate_anew(self, version: Version) -> None:
        """Its weights are read otherwise now: what it answered before counts no more."""
        self._evaluations.forget(version)
        version.predictions = None
        self._opened.compare_again(version.key)
        self.evaluate()

    def _not_evaluated(self, version: Version, sentence: str, detail: str) -> None:
        if version.predictions is not None:  # what it answered before stays
            self._opened.message.emit("error", f"{version.label}: {sentence}", detail)
        else:
            self._opened.refuse(version, sentence, detail)

    def close(self) -> None:
        """Cancel what still runs."""
        self._locating.cancel()
        self._evaluations.keep([])


class DataOpening(QObject):
    """Opens one data set at a time; of several asked for, the last one counts."""

    opened = Signal(object)
    """The ``Dataset``."""
    cancelled = Signal()
    """By the user."""
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
        request.finished.connect(lambda: self.cancelled.emit() if request.is_cancelled else None)
        self.job_started.emit(request)

    def _prepared(self, asked: str, answer: dict[str, Any]) -> None:
        """A folder takes 7 µs an image even when its index is kept: that time is not the window's."""
        if asked != self._wanted:
            return
        spec = str(answer.get("spec") or asked)
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

    done = Signal(object)
    """The version that has predictions now."""
    failed = Signal(object, str, str)
    """Version, sentence, detail; also when the user cancelled (with an empty detail)."""
    job_started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[Version, Job] = {}

    def start(self, worker: WorkerClient, version: Version, spec: str, cluster: str = "") -> None:
        """Evaluate a version's checkpoint on the test part of the data, by a cluster's workers where one is named."""
        if version in self._jobs:
            return
        request = worker.request(
            "evaluate",
            {"checkpoint": version.checkpoint, "data": spec, **({"cluster": cluster} if cluster else {})},
            on_result=lambda answer: self._take(version, Path(str(answer["predictions"]))),
            on_error=lambda sentence, detail: self.failed.emit(version, sentence, detail),
            title=f"Evaluating {version.label}" + (f" on {cluster}" if cluster else ""),
        )
        request.finished.connect(lambda: self._over(version, request))
        self._jobs[version] = request
        self.job_started.emit(request)

    def keep(self, versions: Sequence[Version]) -> None:
        """Drop all evaluations but those of these versions."""
        for version in [each for each in self._jobs if each not in versions]:
            self.forget(version)

    def forget(self, version: Version) -> None:
        """Drop one version's evaluation without a word."""
        job = self._jobs.pop(version, None)
        if job is not None:
            job.cancel()

    def _over(self, version: Version, request: Job) -> None:
        if self._jobs.get(version) is not request:
            return
        del self._jobs[version]
        if request.is_cancelled:
            self.failed.emit(version, "The evaluation was cancelled; open the version again to repeat it.", "")

    def _take(self, version: Version, folder: Path) -> None:
        try:
            version.predictions = read_predictions(folder)
        except UserError as error:
            self.failed.emit(version, str(error), "")
        else:
            self.done.emit(version)
