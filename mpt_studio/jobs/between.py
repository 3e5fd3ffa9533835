"""Versions between an old model and its update, evaluated on the test part and kept in the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mpt_studio.data.dataset import Indices
from mpt_studio.errors import UserError
from mpt_studio.jobs.evaluating import predictions_folder, run_of
from mpt_studio.jobs.read_weights import checkpoint_of, weights_of
from mpt_studio.jobs.session import Session
from mpt_studio.jobs.subject import Subject, subjects_of
from mpt_studio.jobs.warm import Warm
from mpt_studio.predictions import Predictions, is_predictions, write_predictions
from mpt_studio.store.disk import written_to

if TYPE_CHECKING:
    from mpt_studio.engine.interpolation import Interpolation
    from mpt_studio.engine.version import FrozenVersion

Statistics = Literal["recomputed", "interpolated"]
ALPHAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def interpolate(
    session: Session,
    old: Path,
    update: Path,
    spec: str,
    *,
    alphas: Sequence[float] = ALPHAS,
    statistics: Statistics = "recomputed",
    device: str = "auto",
    warm: Warm | None = None,
) -> dict[str, Any]:
    """Answers on the test part of versions between an update (alpha 0) and the old model (alpha 1).

    ``statistics`` says what batch normalisation uses in between: statistics recomputed on training images of the
    update's classes, or the mean of both versions' own. Returns {"points": [{"alpha", "predictions": folder}],
    "statistics"}, alphas ascending. Raises ``UserError`` where the architectures differ.
    """
    from_old, from_update = subjects_of(session, [old, update], spec, device, warm)
    between = Between(from_old, from_update, statistics)
    points = [{"alpha": alpha, "predictions": str(between.folder(alpha))} for alpha in sorted(set(alphas))]
    return {"points": points, "statistics": statistics}


def between_named(session: Session, old: str, update: str, spec: str = "") -> Between:
    """Between two named versions, on data that are named or else those of the update's run. Raises ``UserError``."""
    weights = [weights_of(session, name) for name in (old, update)]
    run = None if spec else run_of(session, checkpoint_of(session, weights[1]))
    if not spec and run is None:
        raise UserError("A mixture of two versions' weights (α) is made on data; name them with --data.")
    from_old, from_update = subjects_of(session, weights, spec or (run.recipe.data if run else ""), "auto", None)
    return Between(from_old, from_update, "recomputed")


class Between:
    """Predictions of versions between two; the networks are loaded with the first that is not on disk."""

    def __init__(self, old: Subject, update: Subject, statistics: Statistics) -> None:
        from mpt_studio.engine.interpolation import Interpolation, check_compatible

        check_compatible(old.checkpoint, update.checkpoint)
        self.old, self.update, self.statistics = old, update, statistics
        self._load: Callable[[], Interpolation] = lambda: Interpolation(old.checkpoint, update.checkpoint, old.device)
        self._loaded: Interpolation | None = None

    def folder(self, alpha: float) -> Path:
        """The folder with the answers at ``alpha``; they are computed where they do not exist yet."""
        subject = self.update
        if not 0 <= alpha <= 1:
            raise UserError(f"α is {alpha:g}; the share of the old model's weights lies between 0 and 1.")
        if alpha == 0:
            return predictions_folder(subject.session, subject.checkpoint, subject.dataset, device=subject.device)
        kind = self.statistics if alpha < 1 else "old"
        home = subject.folder / "between" / self.old.warm.sha256(self.old.checkpoint)[:32]
        folder = home / f"{alpha:.4f}_{kind}"
        if not is_predictions(folder):
            with written_to(folder):
                write_predictions(self._answers(alpha), folder)
        return folder

    def version(self, alpha: float) -> FrozenVersion:
        """The version itself, as ``folder`` has its answers."""
        self._loaded = self._loaded or self._load()
        return self._loaded.renewed(alpha, self.update.dataset, self._samples(), self.update.session.progress)

    def _answers(self, alpha: float) -> Predictions:
        self._loaded = self._loaded or self._load()
        data, progress = self.update.dataset, self.update.session.progress
        found = self._loaded.predictions(alpha, data, data.test, statistics=self._samples(), progress=progress)
        return dataclasses.replace(found, data=f"{data.spec} test")

    def _samples(self) -> Indices:
        """Training images of the update's classes, for the statistics of batch normalisation."""
        if self.statistics == "interpolated":
            return np.empty(0, np.int64)
        data = self.update.dataset
        names = set(self.update.checkpoint.class_names)
        known = np.array([name in names for name in data.class_names])
        kept: Indices = data.train[known[data.labels[data.train]]]
        return kept
