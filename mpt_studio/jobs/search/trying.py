"""The first part of a search: plain training, then what the sampler proposes, one by one or several at once."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import Comparison
from mpt_studio.compare.figures.within import OnCurve, Point
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Event, Note, Outcome, Tried
from mpt_studio.jobs.beforehand import warnings
from mpt_studio.jobs.old_model import ONNX, named, old_model
from mpt_studio.jobs.plan import PLAIN, Planned, label_for
from mpt_studio.jobs.planned_job import PlannedJob, Result
from mpt_studio.jobs.search import finals, telling
from mpt_studio.jobs.search.judging import Judge, Stopping, accuracy_in, answers_of_old, floors_of, judged
from mpt_studio.jobs.search.proposals import Proposal, Proposals
from mpt_studio.jobs.search.space import Trained
from mpt_studio.jobs.search.starting import dimensions_of, samples_of
from mpt_studio.jobs.session import Session
from mpt_studio.jobs.side_by_side import SideBySide
from mpt_studio.predictions import is_predictions
from mpt_studio.recipe import Training
from mpt_studio.store import Run, SearchWriter, Trial
from mpt_studio.store.control import send_command
from mpt_studio.store.run import save_predictions
from mpt_studio.store.search import JOURNAL

R = TypeVar("R")
ENDINGS = {
    "done": "All trials are trained and judged.",
    "stopped": "Stopped early; the trials that were ready are kept.",
    "cancelled": "Cancelled; the trials that were ready are kept.",
}
_ONE_BY_ONE = (
    "Trials are trained one after the other, so that the search would propose the same again; --jobs N has the cluster "
    "train so many at once."
)


class Trying(PlannedJob):
    """Trains plain training, then what is proposed, and judges it, until the budget is spent."""

    part = "validation"
    endings = ENDINGS

    def __init__(self, session: Session, writer: SearchWriter) -> None:
        search = writer.search
        self.asked, self.search_writer, self._listener = search.recipe, writer, session.listen
        self.stopping: Stopping | None = None
        self.is_trying = False
        self._memory: Proposals | None = None
        super().__init__(dataclasses.replace(session, listen=self._heard), writer, search.recipe.update)
        self.trials = {trial.number: trial for trial in search.trials}
        self.found: dict[str, Any] = dict(search.found)
        self.result: Result | None = None
        self.looks = int(self.found.get("test_looks", 0))
        """How often the test part was looked at."""
        self._spent, self._began = search.seconds, time.monotonic()

    @property
    def seconds(self) -> float:
        """Worked on this search so far, also before an interruption."""
        return self._spent + time.monotonic() - self._began

    def _prepare(self) -> None:
        """What is varied, and the images on which every version is judged."""
        self.dimensions = dimensions_of(self.session, self.asked, self.dataset)
        self.samples = samples_of(self.recipe, self.dataset)
        settings = self.recipe.training  # other seeds are judged on the same images
        self.recipe = dataclasses.replace(
            self.recipe, training=dataclasses.replace(settings, split_seed=settings.splits_by)
        )
        if self.session.workers is not None and self.asked.budget.jobs == 1:
            self._tell(Note(text=_ONE_BY_ONE))
        for note in warnings(self.dataset, (PLAIN,), settings.epochs, self.old_names, self.session.store):
            self._tell(note)

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
        self._keep(as_judged(row, *judged(self.judge.comparisons(plain), self.floors)), {})

    @property
    def _planned(self) -> int:
        return self.asked.budget.trials + (1 if self.recipe.old else 2)

    @property
    def _finals(self) -> int:
        """Trainings of the finalists and of plain training with other seeds, and of the control."""
        return (self.asked.budget.finalists + 1) * self.asked.budget.finalist_seeds + self.asked.budget.control

    def _training(self, step: Planned) -> Training:
        found = super()._training(step)
        rate = step.learning_rate if isinstance(step, Trained) else 0.0
        return dataclasses.replace(found, learning_rate=rate) if rate else found

    def _try_all(self) -> None:
        self._open = self._remembered(lambda memory: memory.open(self.trials.keys() - {finals.PLAIN}))
        if self.asked.budget.jobs > 1:
            return self._try_side_by_side()
        while (proposal := self._next()) is not None:
            self._try(proposal)

    def _remembered(self, ask: Callable[[Proposals], R]) -> R:
        """What the sampler's memory gives, once the disk takes what it notes; what was half written is forgotten."""

        def now() -> R:
            memory, self._memory = self._memory or self._opened(), None
            found = ask(memory)
            self._memory = memory
            return found

        return self.writer.patiently(now)

    def _opened(self) -> Proposals:
        memory = Proposals(self.folder / JOURNAL, self.writer.id, self.dimensions, self.recipe.training.seed)
        memory.open(self.trials.keys() - {finals.PLAIN})
        return memory

    def _next(self) -> Proposal | None:
        """What was begun and not told of, then new ones; None where the budget is spent."""
        self._obey()
        if self._open:
            return self._open.pop(0)
        has_more = self._remembered(lambda memory: memory.count) < self.asked.budget.trials
        return self._remembered(lambda memory: memory.next()) if has_more and self._has_time() else None

    def _has_time(self) -> bool:
        """Whether another trial leaves time for the finalists, who get half of it at most."""
        hours = self.asked.budget.hours
        if not hours:
            return True
        took = [trial.seconds for trial in self.trials.values() if trial.seconds]
        again = self._finals * (sum(took) / len(took) if took else 0.0)
        return self.seconds + min(again, hours * 1800) < hours * 3600

    def _try(self, proposal: Proposal) -> None:
        step, row = self._row_of(proposal)
        began, outcome = time.monotonic(), "stopped"
        if not self._is_known_to_lag(step):
            self._tell(Tried(trial=row.to_json()))
            self.is_trying = True
            try:
                outcome = self._train(step, self._place(row), self._planned)
            finally:
                self.is_trying = False
        self._finish(step, row, outcome, time.monotonic() - began)

    def _row_of(self, proposal: Proposal) -> tuple[Trained, Trial]:
        step = self.dimensions.trained(proposal.number, proposal.parameters)
        method = str(proposal.parameters["method"])
        row = Trial(number=proposal.number, run="", label=step.label, method=method, parameters=proposal.parameters)
        return step, row

    def _place(self, row: Trial) -> int:
        return self._planned - self.asked.budget.trials + row.number - 1

    def _is_known_to_lag(self, step: Trained) -> bool:
        """Whether it was to be stopped before it was interrupted: then it is not trained on."""
        run = self._existing(step)
        if run is None or self._stopped_at(run) is None:
            return False
        self.done[step] = run
        return True

    def _finish(self, step: Trained, row: Trial, outcome: str, seconds: float) -> None:
        """Judge a trial, on disk and to the sampler."""
        run = self.done.get(step)
        row = dataclasses.replace(row, run=self._run_of(step), seconds=round(seconds, 3))
        lag = self._stopped_at(run)
        if lag is not None:
            self._remembered(lambda memory: memory.tell_stopped(row.number, *lag))
            text = f"Stopped at epoch {lag[0]}: {100 * lag[1]:.1f} points below plain training there."
            row = dataclasses.replace(row, outcome="stopped", message=text)
        elif run is not None and run.outcome == "done":
            compared = self.judge.comparisons(run)
            point, front = judged(compared, self.floors)
            if point.interpolation:
                self._keep_mixed(row, compared[point.interpolation])
            self._remembered(lambda memory: memory.tell(row.number, point))
            row = as_judged(row, point, front)
        else:
            self._remembered(lambda memory: memory.tell_failed(row.number))
            why = self.failed[-1]["error"] if not outcome and self.failed else "Stopped before its end."
            row = dataclasses.replace(row, outcome="stopped" if outcome else "failed", message=why)
        self._keep(row, self._remembered(lambda memory: memory.importance()))

    def _keep_mixed(self, row: Trial, decided: Comparison) -> None:
        """Answers of a version between the old model and the trial's are nowhere else to be looked at."""
        folder = self.search_writer.search.mixed_answers(row.number)
        if not is_predictions(folder):
            self.writer.patiently(lambda: save_predictions(decided.new, folder))

    def _try_side_by_side(self) -> None:
        """As ``_try``, several at once, each in a process; their events are passed on as they come."""
        beside: SideBySide[tuple[Trained, Trial]] = SideBySide(self.session, self.folder, self.asked.budget.jobs)
        self.is_trying = True
        try:
            while (ended := beside.ended(self._begin_beside, self._heard)) is not None:
                (step, row), run, seconds = ended
                outcome = self._ended(step, run) if run.outcome != "failed" else self._failed(step, run, run.message)
                self._finish(step, row, outcome, seconds)
        finally:
            self.is_trying = False
            beside.close()

    def _begin_beside(self) -> tuple[tuple[Trained, Trial], Run] | None:
        """What is trained next, on disk; None where there is nothing."""
        proposal = self._next()
        if proposal is None:
            return None
        step, row = self._row_of(proposal)
        self._tell(Tried(trial=row.to_json()))
        return (step, row), self._begun(step, self._place(row), self._planned)

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

    def _end(self, outcome: Outcome, message: str, result: Result | None = None) -> None:
        self.search_writer.set(seconds=self.seconds)
        super()._end(outcome, message, result)

    def _say_stopped(self, step: Planned) -> None:
        """A trial's row tells it."""

    def _keep(self, row: Trial, importance: dict[str, float]) -> None:
        """On disk first, then to whoever listens."""
        self.trials[row.number] = row
        rows = [self.trials[number] for number in sorted(self.trials)]
        so_far = {"floor": self.floors.accuracy, "test_looks": self.looks}
        self.found = {**telling.found(rows, importance), **so_far}
        self.search_writer.keep(row, found=self.found, seconds=self.seconds)
        self._tell(Tried(trial=row.to_json(), found=self.found))


def as_judged(row: Trial, point: Point, front: tuple[OnCurve, ...]) -> Trial:
    """The trial with what it came to."""
    short = round(100 * point.worst, 6)
    return dataclasses.replace(
        row,
        outcome="done",
        message=f"{short:.1f} points below the limits at best." if short > 0 else "",
        nfr=point.nfr,
        accuracy=point.accuracy,
        accuracy_new_classes=point.accuracy_new_classes,
        offset=point.offset,
        interpolation=point.interpolation,
        shortfall=short,
        frontier=front,
    )
