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
    paired,
)
from mpt_studio.compare.figures.noise_floor import noise_floor
from mpt_studio.compare.figures.within import Floors, Point
from mpt_studio.data import Dataset
from mpt_studio.decide import deciding_subset
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.jobs.patience import Waiting
from mpt_studio.jobs.plan import Planned
from mpt_studio.jobs.planned_job import Result
from mpt_studio.jobs.search import finals, telling
from mpt_studio.jobs.search.judging import floors_of, judged
from mpt_studio.jobs.search.space import rounded
from mpt_studio.jobs.search.testing import Test
from mpt_studio.jobs.search.trying import Trying
from mpt_studio.jobs.session import Session
from mpt_studio.recipe import Role
from mpt_studio.store import Run, Trial


def run_search(session: Session, search_id: str, dataset: Dataset | None = None) -> Result | None:
    """Run or resume a search to its end, and return its result.

    The result is None where the user stopped it before plain training was there. Raises ``UserError`` where plain
    training or the old model could not be had, and ``Interrupted``; a failing trial is listed among the trials.
    """
    search = session.store.search(search_id)
    if search.outcome == "done":
        return search.result
    waiting = Waiting(session, "", search.id, [search.folder])
    with session.store.write_search(search_id, patience=waiting) as writer:
        return SearchJob(session, writer).run(dataset)


class SearchJob(Trying):
    """A whole search: trials, then the best of them again, then the test part."""

    def _work(self) -> None:
        self._prepare()
        self._train_plain()
        self._try_all()
        self._decide()

    def _decide(self) -> None:
        rows = self._there()
        chosen = [rows[0], *telling.ranked(rows[1:])[: self.asked.budget.finalists]]
        points = {row.number: [(row.run, self._point_of(self._named(row.run), self.floors))] for row in chosen}
        self._train_finals(chosen)
        for offset in range(1, self.asked.budget.finalist_seeds + 1):
            for number, found in self._round(chosen, offset).items():
                points[number].append(found)
        control = self._control(chosen)
        self._obey()
        seeds = len(points[finals.PLAIN])
        self._conclude(rows, [finals.finalist(row, points[row.number], seeds) for row in chosen], control)

    def _there(self) -> list[Trial]:
        """The trials whose runs nobody deleted."""
        store, found = self.session.store, []
        for _, row in sorted(self.trials.items()):
            if (store.root / "runs" / row.run).is_dir():
                found.append(row)
            else:
                self._tell(Note(text=f"The run of {row.label} was deleted; it is no finalist.", level="warning"))
        return found

    def _round(self, chosen: list[Trial], offset: int) -> dict[int, tuple[str, Point]]:
        """All with one more seed, each judged beside plain training of that seed; empty where time was too short.

        Whoever lacks a seed has only the values that it was chosen for, the luckiest of many.
        """
        found: dict[int, tuple[str, Point]] = {}
        for place, row in enumerate(chosen, (offset - 1) * len(chosen)):
            self._obey()
            step = self._with_seed(row, offset)
            known = self._existing(step)
            if self._is_over_time() and (known is None or known.outcome != "done"):
                return {}
            is_whole = self._train(step, self._planned + place, self._planned + self._finals) == "done"
            run = self.done.get(step) if is_whole else None
            if not found:  # plain training, which the others stand beside
                if run is None:
                    return {}
                floors = floors_of(self.asked.limits, self.judge.comparison(run))
            if run is not None:
                found[row.number] = (run.id, self._point_of(run, floors))
        return found

    def _control(self, chosen: list[Trial]) -> dict[str, Any]:
        """{"control": …} where one was asked for, and a finalist is taught by what its teachers get right."""
        steps = ((row, self.dimensions.trained(row.number, row.parameters)) for row in chosen[1:])
        row, step = next(((row, step) for row, step in steps if step.method.weighs_what_is_right), (None, None))
        if row is None or step is None or not self.asked.budget.control or self._is_over_time():
            return {}
        control = dataclasses.replace(step, method=dataclasses.replace(step.method, shuffled=True))
        control = dataclasses.replace(control, label=f"{row.label}, control")
        self._obey()
        count = self._planned + self._finals
        if self._train(control, count - 1, count) != "done":
            return {}
        run = self.done[control]
        compared = self.judge.comparisons(run)
        point, _ = judged(compared, self.floors)
        p = paired(self._as_decided(row), at_offset(compared[point.interpolation], point.offset)).mcnemar_p
        return {"control": finals.control(row, run.id, point, p)}

    def _is_over_time(self) -> bool:
        return bool(self.asked.budget.hours) and self.seconds > self.asked.budget.hours * 3600

    def _train_finals(self, chosen: list[Trial]) -> None:
        """A cluster's workers train them all at once."""
        if self.session.workers is not None and not self._is_over_time():
            seeds = range(1, self.asked.budget.finalist_seeds + 1)
            steps = [self._with_seed(row, offset) for offset in seeds for row in chosen]
            self._train_together(steps, self._planned, self._planned + self._finals)

    def _with_seed(self, row: Trial, offset: int) -> Planned:
        """The trial's version with another seed."""
        is_plain = row.number == finals.PLAIN
        step = self.plain_step if is_plain else self.dimensions.trained(row.number, row.parameters)
        role: Role = "noise_floor" if is_plain else "candidate"
        label = f"{row.label}, seed {self.recipe.training.seed + offset}"
        return dataclasses.replace(step, role=role, label=label, seed_offset=offset)

    def _named(self, run_id: str) -> Run:
        return self.session.store.run(run_id)

    def _point_of(self, run: Run, floors: Floors) -> Point:
        return judged(self.judge.comparisons(run), floors)[0]

    def _conclude(self, rows: list[Trial], found: list[finals.Finalist], control: dict[str, Any]) -> None:
        """The winner, what it has over plain training, and the test part: this once."""
        more: dict[str, Any] = {
            "finalists": [each.to_json() for each in found],
            "noise_floor": self._noise_floor(found[0]),
            **control,
        }
        won = finals.winner(found)
        if won is not None:
            best = self.trials[won.number]
            is_better = finals.beats(won, found[0], lambda: (self._as_decided(best), self._as_decided(rows[0])))
            text = finals.sentence(best, won, found[0], is_better, self._subset())
            self.found = {**self.found, "best": best.number, "sentence": text}
            test = Test(self.session, self.dataset, self.old_path, self.old_names, self.recipe.training.device)
            told = test.of(rows[0], self._usual(rows), best)
            self.looks += 1
            self.found["test_looks"] = self.looks
            more |= {"beats_plain": is_better, "fusion": self._fusion(best), **told}
        elif self.found["best"] is not None:
            self.found = {**self.found, "best": None, "sentence": finals.NONE_HOLDS}
        self.search_writer.set(found=self.found)
        self.result = {**self._record(), **more}

    def _as_decided(self, trial: Trial) -> Comparison:
        """On the validation part, under its offset and with its share of the old model."""
        run = self._named(trial.run)
        folder = self.search_writer.search.mixed_answers(trial.number) if trial.interpolation else None
        return at_offset(self.judge.comparison(run, folder), trial.offset)

    def _subset(self) -> str:
        comparison = self.judge.comparison(self.done[self.plain_step])
        subset = deciding_subset(comparison)
        return f"{SUBSET_WORDS[subset]}, n={comparison.rates(subset).samples} of the validation part"

    def _usual(self, rows: list[Trial]) -> list[Trial]:
        """The base recipe's own methods, as far as they were tried to their end."""
        first = [rounded(parameters) for parameters in self.dimensions.first()]
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
            found = best_fusion(fusion(self.judge.comparison(self._named(best.run))), self.floors)
        except UserError:  # of answers alone nothing can be mixed
            return None
        return found.to_json() if found.shortfall <= 0 else None

    def _record(self) -> Result:
        rows = [self.trials[number] for number in sorted(self.trials)]
        looks = {"test_looks": self.looks} if self.looks else {}
        return {**telling.record(self.writer.id, rows, self.found, self.seconds), **looks}

    def _result(self) -> Result | None:
        return self.result or (self._record() if self.trials else None)
