"""The search itself: plain training first, then trials, then the best of them again."""

from __future__ import annotations

import dataclasses
from typing import Any

from mpt_studio.compare import (
    SUBSET_WORDS,
    Comparison,
    at_offset,
    best_fusion,
    compare,
    fusion,
)
from mpt_studio.compare.figures.noise_floor import noise_floor
from mpt_studio.compare.figures.within import Floors, Point
from mpt_studio.data import Dataset
from mpt_studio.decide import deciding_subset
from mpt_studio.errors import UserError
from mpt_studio.jobs.patience import Waiting
from mpt_studio.jobs.planned_job import Result
from mpt_studio.jobs.search import finals, telling
from mpt_studio.jobs.search.judging import floors_of, judged
from mpt_studio.jobs.search.testing import Test
from mpt_studio.jobs.search.trying import Trying
from mpt_studio.jobs.session import Session
from mpt_studio.recipe import Role, to_json
from mpt_studio.store import Run, Trial


def run_search(
    session: Session, search_id: str, dataset: Dataset | None = None, *, more_trials: int = 0
) -> Result | None:
    """Run or resume a search to its end, with ``more_trials`` than were planned, and return its result.

    The result is None where the user stopped it before plain training was there. Raises ``UserError`` where plain
    training or the old model could not be had, and ``Interrupted``; a failing trial is listed among the trials.
    """
    search = session.store.search(search_id)
    if search.outcome == "done" and not more_trials:
        return search.result
    waiting = Waiting(session, "", search.id, [search.folder])
    with session.store.write_search(search_id, patience=waiting) as writer:
        if more_trials:
            writer.set(recipe=to_json(search.recipe.with_trials(more_trials)))
        return SearchJob(session, writer).run(dataset)


class SearchJob(Trying):
    """A whole search: trials, then the best of them again, then the test part."""

    def _work(self) -> None:
        self._prepare()
        self._train_plain()
        self._try_all()
        self._decide()

    def _decide(self) -> None:
        rows = [self.trials[number] for number in sorted(self.trials)]
        chosen = [rows[0], *telling.ranked(rows[1:])[: self.asked.budget.finalists]]
        points = {row.number: [(row.run, self._point_of(self._named(row.run), self.floors))] for row in chosen}
        for offset in range(1, self.asked.budget.finalist_seeds + 1):
            floors = None  # of this seed's own plain training, which is the first
            for place, row in enumerate(chosen):
                self._obey()
                run = None if self._is_over_time() else self._again(row, offset, (offset - 1) * len(chosen) + place)
                if run is not None and row.number == finals.PLAIN:
                    floors = floors_of(self.asked.limits, self.judge.comparison(run))
                if run is not None and floors is not None:
                    points[row.number].append((run.id, self._point_of(run, floors)))
        self._conclude(rows, [finals.finalist(row, points[row.number]) for row in chosen])

    def _is_over_time(self) -> bool:
        return bool(self.asked.budget.hours) and self.seconds > self.asked.budget.hours * 3600

    def _again(self, row: Trial, offset: int, place: int) -> Run | None:
        """The trial with another seed; None where that failed."""
        is_plain = row.number == finals.PLAIN
        step = self.plain_step if is_plain else self.dimensions.trained(row.number, row.parameters)
        role: Role = "noise_floor" if is_plain else "candidate"
        label = f"{row.label}, seed {self.recipe.training.seed + offset}"
        again = dataclasses.replace(step, role=role, label=label, seed_offset=offset)
        self._train(again, self._planned + place, self._planned + self._finals)
        run = self.done.get(again)
        return run if run is not None and run.outcome == "done" else None

    def _named(self, run_id: str) -> Run:
        return self.session.store.run(run_id)

    def _point_of(self, run: Run, floors: Floors) -> Point:
        return judged(self.judge.comparisons(run), floors)[0]

    def _conclude(self, rows: list[Trial], found: list[finals.Finalist]) -> None:
        """The winner, what it has over plain training, and the test part: this once."""
        more: dict[str, Any] = {
            "finalists": [each.to_json() for each in found],
            "noise_floor": self._noise_floor(found[0]),
        }
        won = finals.winner(found)
        if won is not None:
            best = self.trials[won.number]
            is_better = finals.beats(won, found[0], (self._as_decided(best), self._as_decided(rows[0])))
            text = finals.sentence(best, won, found[0], is_better, self._subset())
            self.found = {**self.found, "best": best.number, "sentence": text}
            test = Test(self.session, self.dataset, self.old_path, self.old_names, self.recipe.training.device)
            told = test.of(rows[0], self._usual(rows), best)
            looks = (self.search_writer.search.result or {}).get("test_looks", 0) + 1
            more |= {"beats_plain": is_better, "fusion": self._fusion(best), "test_looks": looks, **told}
        self.search_writer.set(found=self.found, seconds=self.seconds)
        self.result = {**self._record(), **more}

    def _as_decided(self, trial: Trial) -> Comparison:
        """On the validation part, under its offset and with its share of the old model."""
        return at_offset(self.judge.comparisons(self._named(trial.run))[trial.interpolation], trial.offset)

    def _subset(self) -> str:
        comparison = self.judge.comparison(self.done[self.plain_step])
        subset = deciding_subset(comparison)
        return f"{SUBSET_WORDS[subset]}, n={comparison.rates(subset).samples} of the validation part"

    def _usual(self, rows: list[Trial]) -> list[Trial]:
        """The base recipe's own methods, as far as they were tried to their end."""
        first = self.dimensions.first()
        return [row for row in rows if row.outcome == "done" and row.parameters in first]

    def _noise_floor(self, plain: finals.Finalist) -> dict[str, Any] | None:
        """Flips on the validation part between two plain versions that differ in the seed only."""
        if len(plain.runs) < 2:
            return None
        one, two = (self.judge.comparison(self._named(run)).new for run in plain.runs[:2])
        return noise_floor(compare(one, two), self.old_names)

    def _fusion(self, best: Trial) -> dict[str, Any] | None:
        """The best mixture of both versions' probabilities: a curve of its own, for both models would be served."""
        try:
            return best_fusion(fusion(self.judge.comparison(self._named(best.run))), self.floors.accuracy).to_json()
        except UserError:  # of answers alone nothing can be mixed
            return None

    def _record(self) -> Result:
        return telling.record(self.writer.id, [self.trials[n] for n in sorted(self.trials)], self.found, self.seconds)

    def _result(self) -> Result | None:
        return self.result or (self._record() if self.trials else None)
