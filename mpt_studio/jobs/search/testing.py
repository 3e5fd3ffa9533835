"""The test part, looked at once, when everything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import Comparison, Decision, at_offset, compare, paired, record_of
from mpt_studio.data import Dataset
from mpt_studio.decide import deciding_subset
from mpt_studio.jobs.between import Between
from mpt_studio.jobs.evaluating import predictions_folder
from mpt_studio.jobs.old_model import named, old_answers_folder, old_model
from mpt_studio.jobs.read_weights import checkpoint_of
from mpt_studio.jobs.search.telling import decided
from mpt_studio.jobs.session import Session
from mpt_studio.jobs.subject import Subject
from mpt_studio.jobs.warm import Warm
from mpt_studio.predictions import read_predictions
from mpt_studio.store import Run, Trial


class Test:
    """Answers of decided versions on the test part, against the old model's."""

    __test__ = False  # no test of pytest's

    def __init__(self, session: Session, dataset: Dataset, old: Path, old_names: tuple[str, ...], device: str) -> None:
        self.session, self.dataset, self.device = session, dataset, device
        self._old_weights, self._warm = old_model(session, old, dataset), Warm()
        folder = old_answers_folder(session, self._old_weights, old, dataset)
        self._old = named(read_predictions(folder), old_names)
        weights = str(old) if isinstance(self._old_weights, Checkpoint) else ""
        self._old_row = {"label": "Old model", "checkpoint": weights, "predictions": str(folder)}

    def of(self, plain: Trial, usual: Sequence[Trial], best: Trial) -> dict[str, Any]:
        """Plain training as trained and under its offset, the recipe's own methods and the winner.

        {"data", "old", "test": [a row each], "best": the winner's, "against_plain": the paired difference to plain
        training under its offset}; rows are as an update's, with "number", "offset" and "interpolation".
        """
        as_trained = Decision(plain.run)
        asked = {as_trained: plain, **{_decision(trial): trial for trial in (plain, *usual, best)}}
        compared = {decision: self._compared(decision) for decision in asked}
        rows = {decision: self._row(trial, decision, compared[decision]) for decision, trial in asked.items()}
        first, second = compared[_decision(best)], compared[_decision(plain)]
        apart = paired(first, second, deciding_subset(first))
        against = {"nfr_difference": apart.nfr_difference, "mcnemar_p": apart.mcnemar_p, "samples": apart.samples}
        found = {"test": list(rows.values()), "best": rows[_decision(best)], "against_plain": against}
        return {"data": {"spec": self.dataset.spec}, "old": self._old_row, **found}

    def _compared(self, decision: Decision) -> Comparison:
        folder = self._folder(self.session.store.run(decision.weights), decision.alpha)
        return at_offset(compare(self._old, read_predictions(folder)), decision.gamma)

    def _folder(self, run: Run, alpha: float) -> Path:
        version = checkpoint_of(self.session, run.checkpoint or run.folder)
        if not alpha:
            return predictions_folder(self.session, version, self.dataset, device=self.device)
        assert isinstance(self._old_weights, Checkpoint)
        return Between(self._subject(self._old_weights), self._subject(version), "recomputed").folder(alpha)

    def _subject(self, version: Checkpoint) -> Subject:
        return Subject(self.session, self._warm, version, self.dataset, self.session.own_device(self.device))

    def _row(self, trial: Trial, decision: Decision, comparison: Comparison) -> dict[str, Any]:
        run = self.session.store.run(decision.weights)
        return {
            "number": trial.number,
            "label": f"{trial.label}{decided(decision.gamma, decision.alpha)}",
            "method": run.recipe.method.name,
            "role": run.recipe.role,
            "run": run.id,
            "checkpoint": str(run.checkpoint),
            "predictions": str(self._folder(run, decision.alpha)),
            "seed": run.recipe.training.seed,
            "offset": decision.gamma,
            "interpolation": decision.alpha,
            **record_of(comparison),
        }


def _decision(trial: Trial) -> Decision:
    return Decision(trial.run, trial.interpolation, trial.offset)
