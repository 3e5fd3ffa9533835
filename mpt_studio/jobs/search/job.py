"""The search itself: plain training first, then trials, then the best of them again."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import (
    SUBSET_WORDS,
    Comparison,
    at_offset,
    best_fusion,
    compare,
    deciding_subset,
    fusion,
)
from mpt_studio.compare.figures.noise_floor import noise_floor
from mpt_studio.compare.figures.within import Floors, Point
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Event, Tried
from mpt_studio.jobs.beforehand import warnings
from mpt_studio.jobs.old_model import ONNX, named, old_model
from mpt_studio.jobs.patience import Waiting
from mpt_studio.jobs.plan import PLAIN, Planned, label_for
from mpt_studio.jobs.planned_job import PlannedJob, Result
from mpt_studio.jobs.search import finals, telling
from mpt_studio.jobs.search.judging import Judge, Stopping, accuracy_in, answers_of_old, floors_of, judged
from mpt_studio.jobs.search.proposals import Proposal, Proposals
from mpt_studio.jobs.search.space import Trained
from mpt_studio.jobs.search.starting import dimensions_of, samples_of
from mpt_studio.jobs.search.testing import Test
from mpt_studio.jobs.session import Session
from mpt_studio.recipe import Role, Training, to_json
from mpt_studio.store import Run, SearchWriter, Trial
from mpt_studio.store.control import send_command
from mpt_studio.store.search import JOURNAL

ENDINGS = {
    "done": "All trials are trained and judged.",
    "stopped": "Stopped early; the trials that were ready are kept.",
    "cancelled": "Cancelled; the trials that were ready are kept.",
}


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


class SearchJob(PlannedJob):
    """Trains, judges and proposes until the budget is spent."""

    part = "validation"
    endings = ENDINGS

    def __init__(self, session: Session, writer: SearchWriter) -> None:
        search = writer.search
        self.asked, self.search_writer, self._listener = search.recipe, writer, session.listen
        self.stopping: Stopping | None = None
        self.is_trying = False
        super().__init__(dataclasses.replace(session, listen=self._heard), writer, search.recipe.update)
        self.trials = {trial.number: trial for trial in search.trials}
        self.found: dict[str, Any] = dict(search.found)
        self.result: Result | None = None
        self._spent, self._began = search.seconds, time.monotonic()

    @property
    def seconds(self) -> float:
        """Worked on this search so far, also before an interruption."""
        return self._spent + time.monotonic() - self._began

    def _work(self) -> None:
        self.dimensions = dimensions_of(self.session, self.asked, self.dataset)
        self.samples = samples_of(self.recipe, self.dataset)
        settings = self.recipe.training  # other seeds are judged on the same images
        self.recipe = dataclasses.replace(
            self.recipe, training=dataclasses.replace(settings, split_seed=settings.splits_by)
        )
        for note in warnings(self.dataset, (PLAIN,), settings.epochs, self.old_names, self.session.store):
            self._tell(note)
        self._train_plain()
        self._try_all()
        self._decide()

    # Plain training: the yardstick

    def _train_plain(self) -> None:
        first = [] if self.recipe.old else [Planned("old", PLAIN, label_for("old", PLAIN))]
        steps = [*first, Trained("reference", PLAIN, label_for("reference", PLAIN))]
        for index, step in enumerate(steps):
            self._obey()
            self._train(step, index, self._planned)
            if step not in self.done:
                self._obey()
                raise UserError(f"{step.label} has no version; a search needs it to compare with.")
        self.plain_step = steps[-1]
        plain = self.done[self.plain_step]
        path = Path(self._old_checkpoint())
        old = old_model(self.session, path, self.dataset)
        device = self.recipe.training.device
        answers = answers_of_old(self.session, old, self.dataset, self.samples.validation, self.folder / "old", device)
        self.old_path, weights = path, old if isinstance(old, Checkpoint) and old.architecture != ONNX else None
        self.judge = Judge(self.session, self.dataset, self.samples, named(answers, self.old_names), weights)
        self._judge_plain(plain)

    def _judge_plain(self, plain: Run) -> None:
        comparison, limits = self.judge.comparison(plain), self.asked.limits
        self.floors = floors_of(limits, comparison)
        self.stopping = Stopping(
            plain={e.epoch: found for e in plain.events() if isinstance(e, Epoch) and (found := accuracy_in(e))},
            drop=limits.max_accuracy_drop / 100,
            below=self.asked.budget.stop_below / 100,
            epochs=self.recipe.training.epochs,
        )
        row = Trial(number=finals.PLAIN, run=plain.id, label=plain.label, method=PLAIN.name)
        self._keep(self._judged(row, plain), {})

    @property
    def _planned(self) -> int:
        return self.asked.budget.trials + (1 if self.recipe.old else 2)

    @property
    def _finals(self) -> int:
        """Trainings of the finalists and of plain training with other seeds."""
        return (self.asked.budget.finalists + 1) * self.asked.budget.finalist_seeds

    # Trials

    def _try_all(self) -> None:
        name, seed = self.writer.id, self.recipe.training.seed
        self.proposals = Proposals(self.folder / JOURNAL, name, self.dimensions, seed)
        for proposal in self.proposals.open():
            self._obey()
            self._try(proposal)
        while self.proposals.count < self.asked.budget.trials and self._has_time():
            self._obey()
            self._try(self.proposals.next())

    def _has_time(self) -> bool:
        """Whether another trial leaves time for the finalists, who get half of it at most."""
        hours = self.asked.budget.hours
        if not hours:
            return True
        took = [trial.seconds for trial in self.trials.values() if trial.seconds]
        again = self._finals * (sum(took) / len(took) if took else 0.0)
        return self.seconds + min(again, hours * 1800) < hours * 3600

    def _try(self, proposal: Proposal) -> None:
        number, step = proposal.number, self.dimensions.trained(proposal.number, proposal.parameters)
        parameters, method = proposal.parameters, str(proposal.parameters["method"])
        row = Trial(number=number, run="", label=step.label, method=method, parameters=parameters)
        began = time.monotonic()
        outcome = self._train_trial(step, row)
        run = self.done.get(step)
        row = dataclasses.replace(row, run=self._run_of(step), seconds=round(time.monotonic() - began, 3))
        hit = self._stopped_at(run)
        if hit is not None:
            self.proposals.tell_stopped(number, *hit)
            text = f"Stopped at epoch {hit[0]}: {100 * hit[1]:.1f} points below plain training there."
            row = dataclasses.replace(row, outcome="stopped", message=text)
        elif run is not None and run.outcome == "done":
            row = self._judged(row, run)
            self.proposals.tell(number, self._point)
        else:
            self.proposals.tell_failed(number)
            why = self.failed[-1]["error"] if not outcome and self.failed else "Stopped before its end."
            row = dataclasses.replace(row, outcome="stopped" if outcome else "failed", message=why)
        self._keep(row, self.proposals.importance())

    def _train_trial(self, step: Trained, row: Trial) -> str:
        """Its outcome; empty where it failed. One that is to be stopped is not trained on."""
        existing = self._existing(step)
        if existing is not None and self._stopped_at(existing) is not None:
            self.done[step] = existing
            return "stopped"
        self._tell(Tried(trial=row.to_json()))
        self.is_trying = True
        try:
            return self._train(step, self._planned - self.asked.budget.trials + row.number - 1, self._planned)
        finally:
            self.is_trying = False

    def _run_of(self, step: Planned) -> str:
        return next((m.run for m in self.writer.members if (m.role, m.label) == (step.role, step.label)), "")

    def _stopped_at(self, run: Run | None) -> tuple[int, float] | None:
        """The first epoch after which a trial was to be stopped, and how far below plain training it was."""
        if run is None or self.stopping is None:
            return None
        epochs = (event for event in run.events() if isinstance(event, Epoch))
        short = ((event.epoch, self.stopping.shortfall(event)) for event in epochs)
        return next(((epoch, by) for epoch, by in short if by is not None), None)

    def _heard(self, run_id: str, event: Event) -> None:
        """Passes on what a run tells, and stops a trial that lags."""
        self._listener(run_id, event)
        stopping = self.stopping if self.is_trying and isinstance(event, Epoch) else None
        if stopping and isinstance(event, Epoch) and stopping.shortfall(event) is not None:
            send_command(self.session.store.run_folder(run_id), "stop")

    def _say_stopped(self, step: Planned) -> None:
        """A trial's row tells it."""

    def _judged(self, row: Trial, run: Run) -> Trial:
        self._point, front = judged(self.judge.curves(run), self.floors)
        point = self._point
        short = 100 * point.worst
        missed = f"{short:.1f} points below the limits at best." if short > 0 else ""
        return dataclasses.replace(
            row,
            outcome="done",
            message=missed,
            nfr=point.nfr,
            accuracy=point.accuracy,
            accuracy_new_classes=point.accuracy_new_classes,
            offset=point.offset,
            interpolation=point.interpolation,
            shortfall=round(short, 6),
            frontier=front,
        )

    def _keep(self, row: Trial, importance: dict[str, float]) -> None:
        """On disk first, then to whoever listens."""
        self.trials[row.number] = row
        rows = [self.trials[number] for number in sorted(self.trials)]
        self.found = telling.found(rows, importance)
        self.search_writer.keep(row, found=self.found, seconds=self.seconds)
        self._tell(Tried(trial=row.to_json(), found=self.found))

    # The best again

    def _training(self, step: Planned) -> Training:
        found = super()._training(step)
        rate = step.learning_rate if isinstance(step, Trained) else 0.0
        return dataclasses.replace(found, learning_rate=rate) if rate else found

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
        return judged(self.judge.curves(run), floors)[0]

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
