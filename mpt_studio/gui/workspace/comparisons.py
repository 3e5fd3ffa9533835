"""Comparisons of the old model with each candidate, computed once and kept; large ones beside the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from mpt_studio import compare
from mpt_studio.compare import Comparison, Subset
from mpt_studio.errors import UserError
from mpt_studio.flips import Rates
from mpt_studio.gui.beside.jobs import Job, PoolJob
from mpt_studio.gui.workspace.version import Version
from mpt_studio.predictions import Predictions

DIRECT_LOGITS = 1_000_000
"""Logits (samples × classes) up to which a comparison is computed at once; it takes a frame (measured: 15 ms)."""
KEPT_LOGITS = 4_000_000
"""Those above which it is kept on disk: reading it is quicker than computing it again."""


class _Blocked:
    """In place of a comparison: classes that nothing explains, in a sentence."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence


class Comparisons(QObject):
    """By the candidate's key, for one old model."""

    ready = Signal(str)
    """Key whose large comparison has been computed."""
    failed = Signal(str, str, str)
    """Key, sentence, detail."""
    blocked = Signal(str, str)
    """Key, and the sentence that names the classes that do not match."""
    job_started = Signal(object)

    def __init__(self, kept: Path, parent: QObject | None = None) -> None:
        """``kept`` is the folder of a store in which large comparisons are kept; class maps lie beside it."""
        super().__init__(parent)
        self._folder = kept
        self.prepare: Callable[[compare.Comparison], None] = lambda _: None
        """What every new comparison is given, in the thread that makes it."""
        self._made: dict[str, compare.Comparison] = {}
        self._jobs: dict[str, Job] = {}

    def get(self, old: Version, new: Version) -> compare.Comparison | None:
        """The comparison; None while it is being computed, or where one has no predictions."""
        if new.key not in self._made and new.key not in self._jobs:
            self._make(old, new)
        return self._made.get(new.key)

    def made(self) -> list[compare.Comparison]:
        """Those that are computed."""
        return list(self._made.values())

    def forget(self, key: str | None = None) -> None:
        """One candidate's, or all of them (the old model changed)."""
        for each in [key] if key is not None else [*self._made, *self._jobs]:
            self._made.pop(each, None)
            job = self._jobs.pop(each, None)
            if job is not None:
                job.cancel()

    def _make(self, old: Version, new: Version) -> None:
        before, after = old.predictions, new.predictions
        if before is None or after is None:
            return
        if _size(before) + _size(after) > DIRECT_LOGITS:
            self._make_beside(old, new)
            return
        try:
            pair = self._aligned(before, after)
            if isinstance(pair, _Blocked):
                self.blocked.emit(new.key, pair.sentence)
                return
            self._made[new.key] = made = compare.compare(*pair)
            self.prepare(made)
        except UserError as error:
            self.failed.emit(new.key, str(error), "")

    def _aligned(self, before: Predictions, after: Predictions) -> tuple[Predictions, Predictions] | _Blocked:
        """One name for each class, by the class map that is kept for the two."""
        try:
            return compare.aligned_by_store(before, after, self._folder.parent)
        except UserError as error:
            return _Blocked(str(error))

    def _make_beside(self, old: Version, new: Version) -> None:
        before, after, key = old.predictions, new.predictions, new.key
        assert before is not None
        assert after is not None
        job = PoolJob(
            f"Comparing {new.label}",
            lambda: self._open(before, after),
            lambda made: self._keep(key, made),
            lambda sentence, detail: self._fail(key, sentence, detail),
            self,
        )
        self._jobs[key] = job
        self.job_started.emit(job)
        job.start()

    def _open(self, before: Predictions, after: Predictions) -> compare.Comparison | _Blocked:
        pair = self._aligned(before, after)
        if isinstance(pair, _Blocked):
            return pair
        keep = sum(map(_size, pair)) > KEPT_LOGITS
        made = compare.open_comparison(*pair, self._folder) if keep else compare.compare(*pair)
        self.prepare(made)
        return made

    def _keep(self, key: str, made: compare.Comparison | _Blocked) -> None:
        self._jobs.pop(key, None)
        if isinstance(made, _Blocked):
            self.blocked.emit(key, made.sentence)
            return
        self._made[key] = made
        self.ready.emit(key)

    def _fail(self, key: str, sentence: str, detail: str) -> None:
        self._jobs.pop(key, None)
        self.failed.emit(key, sentence, detail)


def _size(version: Predictions) -> int:
    """Logits to be read; one a sample where there are only answers."""
    return len(version) * max(1, int(version.logits.shape[1]))


_SETTLES_MS = 150
"""After the last step of a drag, until panels that need all samples under γ are told."""


class Offsets(QObject):
    """γ by the candidate's key; 0, as trained, for all that are not named."""

    stepped = Signal()
    """At every step of the slider, for what follows in well under a frame."""
    settled = Signal()
    """Once the slider rests."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gamma: dict[str, float] = {}
        self._views: dict[str, tuple[Comparison, Comparison]] = {}
        self._rest = QTimer(self, singleShot=True, interval=_SETTLES_MS)
        self._rest.timeout.connect(self.settled)

    def of(self, key: str) -> float:
        """A candidate's offset."""
        return self._gamma.get(key, 0.0)

    def set(self, key: str, gamma: float) -> None:
        """Look at a candidate under γ; ``stepped`` follows at once, ``settled`` when no other step follows."""
        if gamma == self.of(key):
            return
        self._gamma[key] = gamma
        self.stepped.emit()
        self._rest.start()

    def rates(self, key: str, base: Comparison, subset: Subset) -> Rates:
        """The figures of a subset under the candidate's offset, of ``base``, the candidate as trained."""
        gamma = self.of(key)
        return compare.offsets(base).rates(gamma, subset) if gamma else base.rates(subset)

    def forget(self, key: str | None = None) -> None:
        """One candidate's offset, or all: versions were closed or the old model changed."""
        if key is not None:
            self._gamma.pop(key, None)
            self._views.pop(key, None)
            return
        self._gamma.clear()
        self._views.clear()
        self._rest.stop()

    def view(self, key: str, base: Comparison) -> Comparison:
        """``base`` under the candidate's offset; made once per step, and only where someone asks."""
        gamma = self.of(key)
        if not gamma:
            return base
        made = self._views.get(key)
        if made is None or made[0] is not base or made[1].gamma != _single(gamma):
            made = (base, compare.at_offset(base, gamma))
            self._views[key] = made
        return made[1]


def _single(gamma: float) -> float:
    """γ in the logits' precision, as a comparison keeps it."""
    return float(np.float32(gamma))
