"""What the worker says about the selected sample: where versions look, and the nearest training images.

Asked for once the selection rests, one version at a time, kept, and delivered as it arrives. What was asked for a
sample that is no longer selected is dropped by the worker where it still waits.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.version import Version

ExplanationKind = Literal["saliency", "neighbours"]
KINDS: tuple[ExplanationKind, ...] = ("saliency", "neighbours")
ASK_ABOVE = 20_000
"""Training images from which on their features are only read when the user asks for it."""
_KEPT = 400
_REST_MS = 70
_DOING = {"saliency": "Looking where it looks…", "neighbours": "Looking for the nearest training images…"}
_WHAT = {"saliency": "where it looks", "neighbours": "its nearest training images"}
Key = tuple[ExplanationKind, str, str, str]
"""Kind, sample id, checkpoint, class that is explained (empty for neighbours)."""


@dataclass(frozen=True)
class Answer:
    """Values as the worker gave them, or a sentence that says what they wait for or why there are none."""

    values: dict[str, Any] | None = None
    sentence: str = ""
    offers: bool = False
    """Long work that starts when the user asks for it."""


class Explanations(QObject):
    """Panels call ``show`` with the sample that they show and listen to ``changed``."""

    changed = Signal()

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened = opened
        self.row: int | None = None
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._jobs: dict[Key, Job] = {}
        self._shown: set[Key] = set()
        """Of the jobs, those that took long enough to be shown with their progress."""
        self._sentences: dict[Key, str] = {}
        self._wanted: set[str] = set()
        """Checkpoints whose features of many training images the user asked for, or that have them."""
        self._declined: set[str] = set()
        """Checkpoints for which the user cancelled that."""
        self._loads = False
        self._loaded: tuple[tuple[str, ...], str] = ((), "")
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._ask)
        opened.data_changed.connect(self._forget)
        opened.comparison_changed.connect(self._current_changed)

    @property
    def versions(self) -> list[Version]:
        """Those that are explained: the old model and the candidate on show."""
        return [v for v in (self._opened.old, self._opened.current) if v is not None]

    @property
    def sample(self) -> str:
        """Id of the sample on show; empty where there is none."""
        comparison = self._opened.comparison()
        if comparison is None or self.row is None or self.row >= len(comparison):
            return ""
        return str(comparison.sample_ids[self.row])

    def load(self) -> None:
        """Have the worker open data and networks before the first question, now and when others are opened."""
        self._loads = True
        worker, data = self._opened.worker, self._opened.dataset
        checkpoints = tuple(v.checkpoint for v in self.versions if not self.why_not(v))
        if worker is None or data is None or not checkpoints:
            return
        wanted = (checkpoints, data.spec)
        if wanted != self._loaded:
            self._loaded = wanted
            args = {"checkpoints": list(checkpoints), "data": data.spec}
            worker.request("load", args, latest="load", title="Loading the versions")

    def show(self, row: int | None) -> None:
        """Explain this row of the current comparison soon, unless another one comes first."""
        if row != self.row:
            self.row = row
            self._sentences.clear()
            self._answers = OrderedDict((k, a) for k, a in self._answers.items() if a.values is not None)
        if self.sample and not self.why_nothing():
            self._rest.start()

    def close(self) -> None:
        """Ask for nothing more."""
        self._rest.stop()

    def answer(self, kind: ExplanationKind, version: Version) -> Answer:
        """What is known of a version about the sample on show."""
        if reason := self.why_nothing() or self.why_not(version):
            return Answer(sentence=reason)
        key = self._key(kind, version)
        if key in self._answers:
            return self._answers[key]
        if kind == "neighbours" and self._is_long(version):
            many = len(self._opened.dataset.train) if self._opened.dataset is not None else 0
            return Answer(sentence=f"This reads {many:,} training images once.", offers=True)
        return Answer(sentence=self._sentences.get(key, _DOING[kind]))

    def find(self, version: Version) -> None:
        """The user asks for the nearest of many training images."""
        self._wanted.add(version.checkpoint)
        self._declined.discard(version.checkpoint)
        self._ask()
        self.changed.emit()

    def why_not(self, version: Version) -> str:
        """Why a version cannot be explained; empty where it can."""
        if not version.checkpoint or not Path(version.checkpoint).is_file():
            return f"{version.label} came without its checkpoint; open that to see why it answers so."
        if version.checkpoint.endswith(".onnx"):
            return f"{version.label} is an ONNX graph, of which only the answers can be seen."
        return ""

    def class_answered(self, version: Version, row: int | None = None) -> str:
        """Name of the class that a version answers for a sample, or for that on show."""
        comparison, row = self._opened.comparison(), self.row if row is None else row
        if comparison is None or row is None:
            return ""
        answers = comparison.old_answer if version is self._opened.old else comparison.new_answer
        return self.own_name(version, str(comparison.names[answers[row]]))

    def own_name(self, version: Version, name: str) -> str:
        """What a version itself calls a class of the comparison, whose names are the update's."""
        comparison, found = self._opened.comparison(), version.predictions
        if comparison is None or found is None:
            return name
        called = (comparison.old if version is self._opened.old else comparison.new).class_names
        there = name in called and len(called) == len(found.class_names)
        return found.class_names[called.index(name)] if there else name

    def true_name(self, version: Version) -> str:
        """What a version calls the true class of the sample on show."""
        comparison = self._opened.comparison()
        if comparison is None or self.row is None:
            return ""
        return self.own_name(version, str(comparison.names[comparison.truth[self.row]]))

    def _key(self, kind: ExplanationKind, version: Version) -> Key:
        answer = self.class_answered(version) if kind == "saliency" else ""
        return kind, self.sample, version.checkpoint, answer

    def why_nothing(self) -> str:
        """Why no version can be explained on the sample; empty where that depends on the version."""
        if self._opened.dataset is None:
            return "Open the data (Ctrl+D) to see why the versions answer so."
        if self._opened.worker is None:
            return "The worker process is not there."
        there = self.row is not None and self._opened.images[self.row] >= 0
        return "" if there else "The open data have no image for this sample."

    def _is_long(self, version: Version) -> bool:
        data = self._opened.dataset
        asks = data is not None and (len(data.train) > ASK_ABOVE or version.checkpoint in self._declined)
        return asks and version.checkpoint not in self._wanted

    # Asking -------------------------------------------------------------------------------------------------------

    @Slot()
    def _ask(self) -> None:
        if not self.sample or self.why_nothing():
            return
        for kind in KINDS:
            for version in self.versions:
                if not self.why_not(version) and not (kind == "neighbours" and self._is_long(version)):
                    self._request(self._key(kind, version), version)

    def _request(self, key: Key, version: Version) -> None:
        kind, sample, checkpoint, answer = key
        worker, data = self._opened.worker, self._opened.dataset
        if worker is None or data is None or key in self._answers or key in self._jobs:
            return
        slot = "old" if version is self._opened.old else "new"
        more = {"classes": list(dict.fromkeys([answer, self.true_name(version)]))} if answer else {}
        job = worker.request(
            kind,
            {"checkpoints": [checkpoint], "data": data.spec, "sample": sample, **more},
            on_result=lambda result: self._keep(key, Answer(dict(result["versions"][0]) | {"sample": sample})),
            on_error=lambda sentence, _detail: self._keep(key, Answer(sentence=sentence)),
            on_progress=partial(self._progress, key, time.monotonic()),
            title=f"{version.label}: looking for {_WHAT[kind]}",
            latest=f"{kind} {slot}",
        )
        job.finished.connect(lambda: self._over(key, job))
        self._jobs[key] = job

    def _over(self, key: Key, job: Job) -> None:
        if self._jobs.get(key) is job:
            del self._jobs[key]
            self._shown.discard(key)
        if job.is_cancelled and key[0] == "neighbours":
            self._wanted.discard(key[2])
            self._declined.add(key[2])
            self.changed.emit()

    def _progress(self, key: Key, asked: float, sentence: str, fraction: float | None) -> None:
        before = self._sentences.get(key)
        self._sentences[key] = sentence + (f" ({100 * fraction:.0f} %)" if fraction is not None else "…")
        job = self._jobs.get(key)
        if job is not None and key not in self._shown and time.monotonic() - asked > 1.0:
            self._shown.add(key)
            self._opened.job_started.emit(job)
        if key[1] == self.sample and self._sentences[key] != before:
            self.changed.emit()

    def _keep(self, key: Key, answer: Answer) -> None:
        if answer.values is not None and key[0] == "neighbours":
            self._wanted.add(key[2])
        self._answers[key] = answer
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        if key[1] == self.sample:
            self.changed.emit()

    @Slot()
    def _forget(self) -> None:
        """Other data: other images under the same ids."""
        for job in list(self._jobs.values()):
            job.cancel()
        self._answers.clear()
        self._wanted.clear()
        self._declined.clear()
        self._current_changed()

    @Slot()
    def _current_changed(self) -> None:
        self.row = None
        self._rest.stop()
        if self._loads:
            self.load()
