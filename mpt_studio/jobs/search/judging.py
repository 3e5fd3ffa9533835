"""What a trained version is worth on the validation part, over everything that costs no training: γ and α."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import Comparison, compare, frontier
from mpt_studio.compare.figures.within import Floors, OnCurve, Point, least_nfr, on_front, undominated
from mpt_studio.data import Dataset
from mpt_studio.data.dataset import Indices
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch
from mpt_studio.jobs.between import ALPHAS
from mpt_studio.jobs.evaluating import tagged
from mpt_studio.jobs.old_model import OldModel
from mpt_studio.jobs.read_weights import checkpoint_of
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import Predictions, is_predictions, read_predictions
from mpt_studio.recipe.search import Limits
from mpt_studio.store import Run
from mpt_studio.store.run import save_predictions

SHARES = tuple(alpha for alpha in ALPHAS if alpha < 1)
PART = "validation"
GRACE = 0.25
"""Share of its epochs that no trial is stopped in."""


@dataclass(frozen=True)
class Samples:
    """The search's split of the training part."""

    train: Indices
    validation: Indices


def answers_of_old(
    session: Session, old: OldModel, dataset: Dataset, samples: Indices, folder: Path, device: str
) -> Predictions:
    """What the old model answers on the validation part: read from ``folder``, or computed and kept there."""
    if not is_predictions(folder):
        save_predictions(_computed(session, old, dataset, samples, device), folder)
    return read_predictions(folder)


def _computed(session: Session, old: OldModel, dataset: Dataset, samples: Indices, device: str) -> Predictions:
    if not isinstance(old, Checkpoint):
        return old.on(dataset, "validation", "", samples)
    from mpt_studio.engine.evaluate import evaluate

    found = evaluate(old, dataset, samples, device=session.own_device(device), progress=session.progress)
    return tagged(found, dataset, version="Old model", part="validation", samples=samples)


class Judge:
    """Compares versions with the old model on the validation part.

    Args:
        old: its answers there, its classes as the data call them.
        old_weights: what candidates that started from it can be mixed with; None where there is none.
    """

    def __init__(
        self, session: Session, dataset: Dataset, samples: Samples, old: Predictions, old_weights: Checkpoint | None
    ) -> None:
        self.session, self.dataset, self.samples = session, dataset, samples
        self.old, self.old_weights = old, old_weights

    def comparison(self, run: Run, mixed: Path | None = None) -> Comparison:
        """The run's version as trained, or as ``mixed`` has the answers of its mixture with the old model."""
        folder = mixed or run.predictions(PART)
        if folder is None:
            raise UserError(f"{run.label} has no answers on the validation part.")
        return compare(self.old, read_predictions(folder))

    def comparisons(self, run: Run) -> dict[float, Comparison]:
        """By α the version against the old model; only α = 0 of a version that did not start from it."""
        plain = self.comparison(run)
        if not run.recipe.method.from_old or self.old_weights is None:
            return {0.0: plain}
        mixed = self._mixed(run, plain.new)
        return {0.0: plain, **{alpha: compare(self.old, mixed(alpha)) for alpha in SHARES if alpha}}

    def _mixed(self, run: Run, answers: Predictions) -> Callable[[float], Predictions]:
        from mpt_studio.engine.interpolation import Interpolation

        assert self.old_weights is not None
        device = self.session.own_device(run.recipe.training.device)
        between = Interpolation(self.old_weights, checkpoint_of(self.session, run.checkpoint), device)  # type: ignore[arg-type]
        if between.only_heads_differ:
            return lambda alpha: _mixed_answers(self.old, answers, alpha)
        train, progress = self.samples.train, self.session.progress
        return lambda alpha: between.predictions(
            alpha, self.dataset, self.samples.validation, statistics=train, progress=progress
        )


def _mixed_answers(old: Predictions, new: Predictions, alpha: float) -> Predictions:
    """Answers of the mixture of two linear heads over the same features: the mixture of their answers."""
    logits = np.array(new.logits)
    for column, name in enumerate(new.class_names):
        if name in old.class_names:
            logits[:, column] += alpha * (old.logits[:, old.class_names.index(name)] - logits[:, column])
    return dataclasses.replace(new, logits=logits)


def floors_of(limits: Limits, plain: Comparison) -> Floors:
    """What is asked, given plain training as trained."""
    every, new = (plain.rates(subset).accuracy_new for subset in ("all", "new_classes"))
    drop = limits.max_new_accuracy_drop
    return Floors(
        accuracy=(every or 0.0) - limits.max_accuracy_drop / 100,
        accuracy_new_classes=None if drop is None or new is None else new - drop / 100,
    )


def judged(comparisons: dict[float, Comparison], floors: Floors) -> tuple[Point, tuple[OnCurve, ...]]:
    """The best point over γ and α within the floors, and those that no other beats, it among them."""
    curves = {alpha: frontier(comparison) for alpha, comparison in comparisons.items()}
    best = least_nfr(curves, floors)
    point = (best.nfr, best.accuracy, best.offset, best.interpolation)
    return best, tuple(undominated([*on_front(curves, floors), *[point] * (best.shortfall_new_classes <= 0)]))


@dataclass(frozen=True)
class Stopping:
    """When a trial is stopped: for its accuracy, never for its negative flips, which fall last.

    After a quarter of its epochs, where its accuracy (all, at the best offset) on the validation part is more than
    ``below`` under the limit that plain training sets in the same epoch.
    """

    plain: dict[int, float]
    """Epoch → plain training's accuracy."""
    drop: float
    """What an update may lose, as a fraction."""
    below: float
    """0 never stops."""
    epochs: int

    def shortfall(self, event: Epoch) -> float | None:
        """How far below plain training a trial is that has to be stopped; None where it goes on."""
        plain, own = self.plain.get(event.epoch), accuracy_in(event)
        has_grace = event.epoch <= GRACE * self.epochs or event.epoch >= self.epochs
        if not self.below or has_grace or plain is None or own is None:
            return None
        short = plain - own
        return short if short > self.drop + self.below else None


def accuracy_in(event: Epoch) -> float | None:
    """On all of the validation part, at the best offset where that is known."""
    every = event.validation.get("all", {})
    found = every.get("accuracy_best_offset", every.get("accuracy_new"))
    return None if found is None else float(found)
