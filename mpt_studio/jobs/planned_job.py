"""A job that trains planned versions one after the other and can be interrupted, stopped and resumed between any two
batches: what an update and a search have in common."""

from __future__ import annotations

import dataclasses
import shutil
import time
import traceback
from collections.abc import Sequence, Set
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.data import Dataset
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Ended, Event, Note, Outcome, Stage
from mpt_studio.jobs.beforehand import check_engine, old_classes_of, with_start
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.patience import Wished
from mpt_studio.jobs.plan import Planned, waits_for
from mpt_studio.jobs.read_weights import start_of
from mpt_studio.jobs.session import Session, to_resume
from mpt_studio.jobs.side_by_side import SideBySide
from mpt_studio.jobs.training import SHARED_ANSWERS, Shared, start_train, train
from mpt_studio.methods import label_of
from mpt_studio.recipe import Recipe, Role, Start, Training, UpdateRecipe
from mpt_studio.store import Member, Run
from mpt_studio.store.compute import Waiting
from mpt_studio.store.control import read_command
from mpt_studio.store.members import JobWriter

Result = dict[str, Any]


class PlannedJob:
    """Trains versions as planned and notes them; what becomes of them is for the job to say."""

    part: Literal["test", "validation"] = "test"
    """Where its versions are judged when their training ends."""
    endings: dict[str, str]
    """What is said at the end, by outcome."""

    def __init__(self, session: Session, writer: JobWriter, recipe: UpdateRecipe) -> None:
        self.session, self.writer, self.recipe = session, writer, recipe
        self.folder = writer.folder
        self.done: dict[Planned, Run] = {}
        self.failed: list[dict[str, str]] = []
        self.stored = {run.id for run in session.store.runs()}

    def run(self, dataset: Dataset | None) -> Result | None:
        """To its end, which is on disk before this returns or raises."""
        workers = self.session.workers
        try:
            with workers.told_in(self.folder) if workers else nullcontext():
                return self._run(dataset)
        except Interrupted as error:
            self._end("interrupted", "Interrupted; it can be resumed.")
            raise error if str(error) else to_resume(self.writer.id) from None
        except Wished:  # while the disk took nothing
            self._end("cancelled", self.endings["cancelled"])
            return None
        except Exception as error:
            sentence = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            self._tell(Note(text=sentence, level="error", detail=traceback.format_exc()))
            self._end("failed", sentence)
            raise

    def _run(self, dataset: Dataset | None) -> Result | None:
        self.dataset = dataset or open_data(self.session, self.recipe.data)
        self.recipe = self._with_start()
        self.old_names = old_classes_of(self.session, self.recipe.old_classes, self.recipe.old, self.dataset)
        if dataset is None and not self.writer.members:
            check_engine(self.session, self.recipe, self.dataset)
        outcome: Outcome = "done"
        for text in self.session.workers.notes if self.session.workers else ():
            self._tell(Note(text=text, level="warning"))
        try:
            self._work()
        except Wished as wish:
            outcome = "cancelled" if str(wish) == "cancel" else "stopped"
        result = self.writer.patiently(self._result)
        self._end(outcome, self.endings[outcome], result)
        return result

    def _with_start(self) -> UpdateRecipe:
        """With the start that "auto" meant for the first version: published weights may have come here since."""
        made = (self.session.store.run(m.run).recipe for m in self.writer.members if m.run in self.stored)
        first = next((recipe for recipe in made if not recipe.method.interpolates), None)
        return (
            with_start(self.recipe, self.dataset)
            if first is None
            else dataclasses.replace(self.recipe, start=first.start)
        )

    def _work(self) -> None:
        """Train what there is to train. Raises ``Interrupted`` and ``Wished``."""
        raise NotImplementedError

    def _result(self) -> Result | None:
        """What it came to; asked after a stop as well."""
        raise NotImplementedError

    def _obey(self) -> None:
        if self.session.interrupted():
            raise Interrupted
        command = read_command(self.folder)
        if command in ("stop", "cancel"):
            raise Wished(command)

    def _train_together(self, steps: Sequence[Planned], first: int, count: int) -> None:
        """As ``_train``, all at once, as far as their teachers allow and the cluster has workers."""
        waiting, left, workers, since = list(steps), set(steps), self.session.workers, time.time()
        assert workers is not None

        def begin() -> tuple[Planned, Run] | None:
            while step := next((each for each in waiting if not waits_for(each, steps) & left), None):
                waiting.remove(step)
                run = self._begun_or_failed(step, first + steps.index(step), count)
                if run is not None and run.outcome not in ("done", "stopped"):
                    return step, run
                self._leave(step, run, steps, left)
            workers.plan(_to_come(waiting, steps, left, since))
            return None

        beside: SideBySide[Planned] = SideBySide(self.session, self.folder, len(steps))
        try:
            while (ended := beside.ended(begin, self.session.listen)) is not None:
                self._leave(*ended[:2], steps, left)
        finally:
            workers.plan(())
            beside.close()

    def _begun_or_failed(self, step: Planned, index: int, count: int) -> Run | None:
        try:
            return self._begun(step, index, count)
        except UserError as error:
            self._fail(step, None, str(error))
            return None

    def _leave(self, step: Planned, run: Run | None, steps: Sequence[Planned], left: set[Planned]) -> None:
        """``done`` keeps the order of the steps, in whatever order they end: recipes and tables are made of it."""
        left.discard(step)
        if run is not None and run.outcome == "failed":
            self._fail(step, run, run.message)
        elif run is not None:
            self._ended(step, run)
        before = [each for each in self.done if each not in steps]
        self.done = {each: self.done[each] for each in (*before, *steps) if each in self.done}

    def _fail(self, step: Planned, run: Run | None, sentence: str) -> str:
        """Without these two nothing can go on. Raises ``UserError`` for them."""
        if step.role in ("old", "reference"):
            raise UserError(sentence)
        return self._failed(step, run, sentence)

    def _train(self, step: Planned, index: int, count: int) -> str:
        """The version's outcome; empty where it failed."""
        if step in self.done:  # trained together with others
            return self.done[step].outcome
        run = None
        try:
            run = self._begun(step, index, count)
            shared, known = Shared(control=self.folder, answers=self._shared_answers()), run.id
            run = self.writer.patiently(lambda: train(self.session, known, self.dataset, shared))
        except UserError as error:
            return self._fail(step, run, str(error))
        return self._ended(step, run)

    def _begun(self, step: Planned, index: int, count: int) -> Run:
        """The step's run, on disk and told of."""
        run = self._existing(step) or self.writer.patiently(lambda: self._created(step))
        self._tell(
            Stage(run=run.id, role=step.role, method=step.method.name, label=step.label, index=index, count=count)
        )
        return run

    def _failed(self, step: Planned, run: Run | None, sentence: str) -> str:
        self.failed.append({"method": step.label, "run": run.id if run else "", "error": sentence})
        return ""

    def _ended(self, step: Planned, run: Run) -> str:
        """Notes what can be compared; the outcome."""
        if run.checkpoint is not None and run.outcome in ("done", "stopped"):
            self.done[step] = run
        if run.outcome == "stopped":
            self._say_stopped(step)
        return run.outcome

    def _say_stopped(self, step: Planned) -> None:
        self._tell(Note(text=f"{step.label} was stopped early and is compared as it was then.", level="warning"))

    def _existing(self, step: Planned) -> Run | None:
        """The run of an earlier attempt at this job, or an ensemble member that any update has trained already."""
        for member in self.writer.members:
            if (member.role, member.label) == (step.role, step.label) and member.run in self.stored:
                return self.session.store.run(member.run)
        return self._cached_member(step) if step.role == "ensemble" else None

    def _cached_member(self, step: Planned) -> Run | None:
        recipe = self._recipe(step)
        for run in self.session.store.runs():
            same_data = run.data_fingerprint == self.dataset.fingerprint
            if (
                run.outcome == "done"
                and run.checkpoint
                and same_data
                and run.recipe == recipe
                and self._begins_alike(run.checkpoint)
            ):
                self._add_member(step, run)
                return run
        return None

    def _begins_alike(self, trained: Path) -> bool:
        """Whether the file that it began with is still what it was."""
        start = self.recipe.start
        if not start.file:
            return True
        now = start_of(self.session, Path(start.file), self.recipe.model.arch)
        return read_checkpoint(trained).start_sha256 == now.origin_sha256()

    def _created(self, step: Planned) -> Run:
        named = {"label": step.label, "update": self.writer.id}
        run = start_train(self.session.store, self._recipe(step), self.dataset, **named, part=self.part)
        self._add_member(step, run)
        return run

    def _add_member(self, step: Planned, run: Run) -> None:
        self.writer.add_member(Member(run=run.id, role=step.role, method=step.method.name, label=step.label))

    def _recipe(self, step: Planned) -> Recipe:
        """The step's recipe; teachers are the runs that came before it."""
        needs = step.method
        ensemble = self._checkpoints("ensemble") if needs.needs_ensemble else ()
        if needs.needs_ensemble and len(ensemble) < needs.ensemble_size:
            raise UserError(f"{needs.name} has only {len(ensemble)} of its {needs.ensemble_size} ensemble members.")
        return Recipe(
            data=self.recipe.data,
            role=step.role,
            old_classes=self.recipe.old_classes if step.role == "old" else "",
            old=self._old_checkpoint() if step.role not in ("old", "ensemble") else "",
            reference=self._checkpoints("reference")[0] if needs.needs_reference else "",
            ensemble=ensemble,
            method=step.method,
            model=self.recipe.model,
            start=self._start(step),
            images=self.recipe.images,
            training=self._training(step),
        )

    def _training(self, step: Planned) -> Training:
        settings = self.recipe.training
        return dataclasses.replace(settings, seed=settings.seed + step.seed_offset)

    def _start(self, step: Planned) -> Start:
        """The recipe's; of a candidate that is a mixture, the one that it is mixed of."""
        wanted = step.method.interpolates
        if not wanted:
            return self.recipe.start
        made = next((run for other, run in self.done.items() if label_of(other.method) == wanted), None)
        if made is None:
            raise UserError(f"{wanted} has no version that could be mixed with the old model.")
        return dataclasses.replace(self.recipe.start, start=str(made.checkpoint))

    def _old_checkpoint(self) -> str:
        return self.recipe.old or self._checkpoints("old")[0]

    def _checkpoints(self, role: Role) -> tuple[str, ...]:
        return tuple(str(run.checkpoint) for step, run in self.done.items() if step.role == role)

    def _shared_answers(self) -> Path | None:
        """Where versions share their teachers' answers; None where there is nobody to share with."""
        return self.folder / SHARED_ANSWERS

    def _tell(self, event: Event) -> None:
        self.writer.append(event)
        self.session.listen("", event)

    def _end(self, outcome: Outcome, message: str, result: dict[str, Any] | None = None) -> None:
        if outcome != "interrupted":
            shutil.rmtree(self.folder / SHARED_ANSWERS, ignore_errors=True)
        self.writer.finish(outcome, message, result)
        self.session.listen("", Ended(outcome=outcome, message=message))


def _to_come(waiting: Sequence[Planned], steps: Sequence[Planned], left: Set[Planned], since: float) -> list[Waiting]:
    """What has not begun, each with those of its teachers that are not there yet."""
    awaited = {each: waits_for(each, steps) & left for each in waiting}
    return [Waiting(each.label, tuple(one.label for one in steps if one in awaited[each]), since) for each in waiting]
