"""BCWI: a candidate that is made, not trained, by mixing a finished one with the old model that it went on from.

θ(α) = α·θ_old + (1 − α)·θ_candidate (Schumann et al., 2023; PAINT, Ilharco et al., NeurIPS 2022); α is chosen on the
validation part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data.dataset import Indices, Progress
from mpt_studio.engine.evaluate import Logits
from mpt_studio.engine.interpolation import Interpolation
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine.ranks import ALONE
from mpt_studio.engine.networks import weights
from mpt_studio.engine.train.materials import judged
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.progress import Asked, Command, Left
from mpt_studio.engine.train.state import State
from mpt_studio.errors import UserError
from mpt_studio.events import Event, Note, Started
from mpt_studio.units import told

ALPHAS = tuple(tenth / 10 for tenth in range(10))
"""Shares of the old model that are tried."""


@dataclass(frozen=True)
class Tried:
    """A share of the old model, and what it is worth on the validation part."""

    alpha: float
    accuracy: float
    nfr: float
    """Of the old classes."""

    @property
    def share(self) -> str:
        """Of the old model, for people."""
        return f"{100 * self.alpha:.0f} %"


def chosen(tried: list[Tried]) -> Tried:
    """Fewest negative flips among those no less accurate than the candidate itself; of equals the smallest share."""
    enough = [one for one in tried if one.accuracy >= tried[0].accuracy]
    return min(enough, key=lambda one: (one.nfr, one.alpha))


class Mixture:
    """Makes one such version; to the job it is a trainer that has nothing to resume, and nothing to spread.

    Args:
        parts: ``start`` is the candidate, ``old`` the old model.

    Raises:
        UserError: one of them is missing, the two cannot be mixed, or there is no validation part.
    """

    ranks = ALONE

    def __init__(self, parts: Parts) -> None:
        parts.check()
        self.parts, self.recipe = parts, parts.recipe
        name = self.recipe.method.name
        if not isinstance(parts.old, Checkpoint) or parts.start is None:
            raise UserError(f"{name} needs the old model and a candidate that went on from it.")
        if not len(parts.validation):
            raise UserError(f"{name} chooses its share of the old model on the validation part; keep one.")
        self.old, self.candidate = parts.old, parts.start
        self.between = Interpolation(self.old, self.candidate, self.recipe.training.device)
        self.step = 0
        self.finished = False
        self.tried: list[Tried] = []

    @property
    def found(self) -> Tried | None:
        """The best of those that were tried; who stops early keeps it."""
        return chosen(self.tried) if self.tried else None

    @property
    def alpha(self) -> float:
        return self.found.alpha if self.found else ALPHAS[0]

    def fit(self, command: Callable[[], Command] = lambda: "run") -> Iterator[Event]:
        """Try every share on the validation part and take one."""
        ask = Asked(command)
        yield self._started()
        try:
            yield from self._try_all(lambda *_: ask.obey())
        except Left:
            return

    def _try_all(self, report: Progress) -> Iterator[Event]:
        dataset, validation = self.parts.dataset, self.parts.validation
        before = self.between.old_predictions(dataset, validation, report).logits
        judge = judged(self.parts, [self.old.class_names[column] for column in before.argmax(axis=1)])
        for alpha in ALPHAS:
            answers = self.between.predictions(
                alpha, dataset, validation, statistics=self.parts.train, progress=report
            ).logits
            figures, _ = judge.figures(answers)
            nfr = figures["old_classes"]["nfr"] or 0.0  # of no image of an old class: none
            self.tried.append(Tried(alpha, figures["all"]["accuracy_new"], nfr))
        found, self.finished = chosen(self.tried), True
        shown = "; ".join(f"{t.share}: {told('share', t.accuracy)} and {told('share', t.nfr)}" for t in self.tried)
        yield Note(
            text=f"{found.share} of the old model is mixed in: no less accurate on the validation part, and with the "
            f"lowest NFR (old classes) there, {told('share', found.nfr)}.",
            detail=f"Share of the old model: accuracy (all) and NFR (old classes) on the validation part. {shown}.",
        )

    def _started(self) -> Started:
        return Started(
            device=devices.describe(self.between.device),
            epochs=1,
            steps=len(ALPHAS),
            train_samples=len(self.parts.train),
            validation_samples=len(self.parts.validation),
            parameters=sum(p.numel() for p in self.between.version(0.0).network.parameters()),
            settings={"device": str(self.between.device), "start": f"{self.candidate.name} and {self.old.name}"},
        )

    def describe(self, **more: Any) -> Checkpoint:
        """This version as a checkpoint's header; see ``Trainer.describe``."""
        found = self.found
        figures = (
            {"alpha": found.alpha, "validation_accuracy": found.accuracy, "validation_nfr": found.nfr} if found else {}
        )
        made = dataclasses.replace(
            self.between.version(self.alpha).checkpoint,
            method=self.recipe.method.name,
            role=self.recipe.role,
            data_fingerprint=self.parts.dataset.fingerprint,
            recipe=recipes.to_json(self.recipe),
            start=self.candidate.name,
            start_sha256=self.candidate.sha256(),
        )
        return dataclasses.replace(made, **{**more, "figures": figures | more.get("figures", {})})

    def save_weights(self, path: Path, checkpoint: Checkpoint) -> None:
        """Write through ``paths.replace_file``."""
        version = self.between.renewed(self.alpha, self.parts.dataset, self.parts.train, None)
        weights.save_network(path, version.network.state_dict(), checkpoint)

    def answers(self, indices: Indices, report: Progress | None = None) -> Logits | None:
        """The weights are to be asked."""
        return None

    def save_state(self, path: Path) -> None:
        """Nothing: it takes seconds to begin anew."""
        State({}).save(path)

    def restore(self, path: Path) -> None:
        """Begin anew."""
