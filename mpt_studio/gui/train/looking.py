"""Looks at the data and the deployed model while *Update my model* is open: opens, reads, and asks what is missing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from mpt_studio.checkpoint import Checkpoint, read_checkpoint
from mpt_studio.compare import Diagnosis
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError, shown_name
from mpt_studio.gui.beside.jobs import Job, PoolJob
from mpt_studio.gui.versions.class_doctor import Pair
from mpt_studio.gui.widgets.plain import short_spec
from mpt_studio.gui.workspace.items import Question, missing_in
from mpt_studio.gui.workspace.loading import DataOpening
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.jobs.kinds import kind_of
from mpt_studio.predictions import Predictions, read_predictions
from mpt_studio.reading import NOTHING_CHOSEN, Choices, Reading, reading_from_json, to_json

_NOT_WEIGHTS = {
    "images": "{} holds images; choose the deployed model's weights or its answers.",
    "table": "{} is a table without predictions; choose the deployed model's weights or its answers.",
}


class Looking(QObject):
    """What is known by now of one data set and one old model; of several, the last ones count."""

    changed = Signal()
    asked = Signal(object)
    """A ``Question`` about the old model."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.spec, self.path = "", ""
        self.dataset: Dataset | None = None
        self.old: Checkpoint | None = None
        self.answers: Predictions | None = None
        """Of an old model that is known by nothing else."""
        self.question: Question | None = None
        """What has to be said before the old model is known."""
        self.data_state, self.old_state = "", ""
        """What is being done, or what is wrong; empty once it is known."""
        self._job: Job | None = None
        self._diagnosed: tuple[Pair, Diagnosis] | None = None
        self._opening = DataOpening(self)
        self._opening.opened.connect(self._opened)
        self._opening.failed.connect(self._data_failed)
        self._opening.cancelled.connect(lambda: self._data_failed("Opening the data was cancelled.", ""))
        self._opening.job_started.connect(workspace.job_started)

    # ---- data ---------------------------------------------------------------------------------------------------

    def look_at_data(self, spec: str) -> None:
        """Open a data set."""
        if spec == self.spec:
            return
        self.spec, self.dataset = spec, None
        self.data_state = f"Opening {short_spec(spec)} …" if spec else ""
        self.changed.emit()
        if not spec:
            return
        known = self._workspace.dataset
        if known is not None and known.spec == spec:
            self._opened(known)
        else:
            self._opening.open(spec, self._workspace.worker)

    def _opened(self, dataset: Dataset) -> None:
        if not self.spec:
            return
        self.dataset, self.data_state = dataset, ""
        self.changed.emit()
        if self.question is not None and "class_names" in self.question.reading.needs:
            self._read(self.question.choices, None)  # the data may tell the names

    def _data_failed(self, sentence: str, _detail: str) -> None:
        self.data_state = sentence
        self.changed.emit()

    # ---- old model ----------------------------------------------------------------------------------------------

    def look_at_old(self, path: str) -> None:
        """Read a file or folder of weights."""
        if path == self.path:
            return
        self._drop_job()
        self.path, self.old, self.answers, self.question, self.old_state = path, None, None, None, ""
        if path:
            self._begin(Path(path))
        self.changed.emit()

    def _begin(self, path: Path) -> None:
        try:
            kind = kind_of(path)
            if kind == "checkpoint":
                self.old = read_checkpoint(path)
            elif kind == "weights":
                self._read(NOTHING_CHOSEN, None)
            elif kind == "predictions":
                self._read_answers(path)
            else:
                self.old_state = _NOT_WEIGHTS[kind].format(shown_name(path))
        except UserError as error:
            self.old_state = str(error)

    def _read(self, choices: Choices, asked: Question | None) -> None:
        worker, path = self._workspace.worker, Path(self.path)
        if worker is None:
            self.old_state = f"{shown_name(path)} is read by the worker process, which is not running here."
            return
        self._drop_job()
        self.old_state, self.question = f"Reading {shown_name(path)} …", None
        names = list(self.dataset.class_names) if self.dataset is not None else []
        self._job = worker.request(
            "read_version",
            {"path": str(path.absolute()), "choices": to_json(choices), "data_classes": names},
            on_result=lambda answer: self._take(reading_from_json(answer), choices),
            on_error=lambda sentence, detail: self._refused(sentence, detail, choices, asked),
            title=f"Reading {shown_name(path)}",
        )
        self._workspace.job_started.emit(self._job)
        self.changed.emit()

    def _read_answers(self, path: Path) -> None:
        """In a thread: tables may be long."""
        self.old_state = f"Reading {shown_name(path)} …"
        job = PoolJob(
            f"Reading {shown_name(path)}", lambda: read_predictions(path), self._take_answers, self._old_failed, self
        )
        self._job = job
        self._workspace.job_started.emit(job)
        job.start()

    def _take_answers(self, found: Predictions) -> None:
        self._job, self.answers, self.old_state = None, found, ""
        self.changed.emit()

    def _old_failed(self, sentence: str, _detail: str) -> None:
        self._job, self.old_state = None, sentence
        self.changed.emit()

    def _take(self, found: Reading, choices: Choices) -> None:
        self._job = None
        if found.needs or found.checkpoint is None:
            self._ask(found, choices, "")
        else:
            self.old, self.old_state = found.checkpoint, ""
            self.changed.emit()

    def _refused(self, sentence: str, detail: str, choices: Choices, asked: Question | None) -> None:
        if asked is not None and not detail:
            self._job = None
            self._ask(asked.reading, choices, sentence)
        else:
            self._old_failed(sentence, detail)

    def _ask(self, found: Reading, choices: Choices, problem: str) -> None:
        def answer(said: Choices | None) -> None:
            if said is not None and question is self.question:
                self._read(said, question)

        question = Question(found, answer, choices, problem, anew=False)
        self.question = question
        self.old_state = f"{shown_name(Path(self.path))} does not say {missing_in(found)}."
        self.changed.emit()
        if self.dataset is not None or not self.spec or "class_names" not in found.needs:
            self.asked.emit(question)

    def _drop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    # ---- together -----------------------------------------------------------------------------------------------

    @property
    def pair(self) -> Pair | None:
        """The old model's classes and those of the data, for the class doctor."""
        known = self.old or self.answers
        if known is None or self.dataset is None:
            return None
        titles = ("The old model", "the data")
        return Pair(known.class_names, self.dataset.class_names, self._workspace.store.root, titles)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """One against the other, with what was said of them before."""
        pair = self.pair
        if pair is None:
            return None
        if self._diagnosed is None or self._diagnosed[0] != pair:
            self._diagnosed = (pair, pair.diagnosis(pair.kept()))
        return self._diagnosed[1]

    def diagnose_again(self) -> None:
        """Something else is said of the two now."""
        self._diagnosed = None
        self.changed.emit()

    @property
    def knows_old(self) -> bool:
        """Whether the old model is known, be it by its answers alone."""
        return self.old is not None or self.answers is not None

    def close(self) -> None:
        """Look at nothing any more."""
        self._drop_job()
