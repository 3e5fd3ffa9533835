"""The one-click job: old model, reference model and every candidate, trained, evaluated and compared."""

from __future__ import annotations

import dataclasses
import shutil
import traceback
from pathlib import Path
from typing import Any

from mpt_studio.checkpoint import Checkpoint, has_our_header, read_checkpoint
from mpt_studio.compare import Comparison, compare, record_of
from mpt_studio.compare.figures.noise_floor import noise_floor
from mpt_studio.data import Dataset, describe
from mpt_studio.data.splits import check_trainable
from mpt_studio.decide import recommend
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Ended, Event, Note, Outcome, Stage
from mpt_studio.jobs.beforehand import check_engine, old_classes_of, warnings, with_start
from mpt_studio.jobs.evaluating import accuracy_figures, named_predictions
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.old_model import named, old_answers_folder, old_model
from mpt_studio.jobs.patience import Waiting, Wished
from mpt_studio.jobs.plan import Planned, old_model_problem, plan_of
from mpt_studio.jobs.read_weights import start_of
from mpt_studio.jobs.session import Session, absolute_classes, absolute_file, absolute_spec, absolute_start, to_resume
from mpt_studio.jobs.training import Shared, start_train, train
from mpt_studio.methods import label_of
from mpt_studio.predictions import Predictions, read_predictions
from mpt_studio.recipe import Recipe, Role, Start, UpdateRecipe, checked
from mpt_studio.store import Member, Run, Store, Update, UpdateWriter
from mpt_studio.store.control import read_command

SHARED_ANSWERS = "answers"
"""Folder of an update that runs: teachers' answers, see ``engine.train.kept_answers``."""


def start_update(store: Store, recipe: UpdateRecipe, title: str = "") -> Update:
    """Check what can be checked without opening the data, and put the update on disk, queued. Raises ``UserError``."""
    recipe = checked(recipe)
    recipe.candidate_methods()
    recipe = dataclasses.replace(
        recipe,
        data=absolute_spec(recipe.data),
        old=absolute_file(recipe.old),
        old_classes=absolute_classes(recipe.old_classes),
        start=absolute_start(recipe.start),
    )
    if problem := old_model_problem(recipe):
        raise UserError(problem)
    if recipe.old and has_our_header(Path(recipe.old)):  # the rest is read when the update runs: it takes seconds
        read_checkpoint(Path(recipe.old))
    return store.create_update(recipe, title=title or f"Update on {recipe.data}")


def check_update(session: Session, recipe: UpdateRecipe) -> Dataset:
    """Open the data and check the recipe against them before anything is put on disk. Raises ``UserError``."""
    recipe.candidate_methods()
    dataset = open_data(session, recipe.data)
    check_trainable(dataset)
    old_classes_of(session, recipe.old_classes, absolute_file(recipe.old), dataset)
    check_engine(session, recipe, dataset)
    return dataset


def run_update(session: Session, update_id: str, dataset: Dataset | None = None) -> dict[str, Any] | None:
    """Run or resume an update to its end and return its result (``update.json``'s "result").

    The result is None where the user stopped it before there was anything to compare. ``dataset`` are the recipe's
    data, where ``check_update`` has opened them.

    Raises:
        UserError: the old model or the reference could not be had; a failing candidate is listed under "failed".
        Interrupted: it was interrupted and can be resumed.
    """
    update = session.store.update(update_id)
    if update.outcome == "done":
        return update.result
    waiting = Waiting(session, "", update.id, [update.folder])
    with session.store.write_update(update_id, patience=waiting) as writer:
        return _UpdateJob(session, writer).run(dataset)


class _UpdateJob:
    def __init__(self, session: Session, writer: UpdateWriter) -> None:
        self.session, self.writer = session, writer
        self.recipe = writer.update.recipe
        self.folder = writer.update.folder
        self.done: dict[Planned, Run] = {}
        self.failed: list[dict[str, str]] = []
        self.stored = {run.id for run in session.store.runs()}

    def run(self, dataset: Dataset | None) -> dict[str, Any] | None:
        try:
            return self._run(dataset)
        except Interrupted as error:
            self._end("interrupted", "Interrupted; it can be resumed.")
            raise error if str(error) else to_resume(self.writer.update.id) from None
        except Wished:  # while the disk took nothing
            self._end("cancelled", _ENDINGS["cancelled"])
            return None
        except Exception as error:
            sentence = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            self._tell(Note(text=sentence, level="error", detail=traceback.format_exc()))
            self._end("failed", sentence)
            raise

    def _run(self, dataset: Dataset | None) -> dict[str, Any] | None:
        self.dataset = dataset or open_data(self.session, self.recipe.data)
        self.recipe = with_start(self.recipe, self.dataset)
        self.old_names = old_classes_of(self.session, self.recipe.old_classes, self.recipe.old, self.dataset)
        if dataset is None and not self.writer.update.members:
            check_engine(self.session, self.recipe, self.dataset)
        outcome: Outcome = "done"
        try:
            self._warn()
            self._train_all()
        except Wished as wish:
            outcome = "cancelled" if str(wish) == "cancel" else "stopped"
        result = self.writer.patiently(self._result)
        self._end(outcome, _ENDINGS[outcome], result)
        return result

    def _warn(self) -> None:
        methods, epochs = self.recipe.candidate_methods(), self.recipe.training.epochs
        for note in warnings(self.dataset, methods, epochs, self.old_names, self.session.store):
            self._tell(note)

    def _train_all(self) -> None:
        plan, outcome = plan_of(self.recipe), ""
        for index, step in enumerate(plan):
            self._obey()
            outcome = self._train(step, index, len(plan))
        if outcome in ("stopped", "cancelled"):
            self._obey()

    def _obey(self) -> None:
        if self.session.interrupted():
            raise Interrupted
        command = read_command(self.folder)
        if command in ("stop", "cancel"):
            raise Wished(command)

    def _train(self, step: Planned, index: int, count: int) -> str:
        """The version's outcome; empty where it failed."""
        run = None
        try:
            run = self._existing(step) or self.writer.patiently(lambda: self._created(step))
            self._tell(
                Stage(run=run.id, role=step.role, method=step.method.name, label=step.label, index=index, count=count)
            )
            shared, known = Shared(control=self.folder, answers=self._shared_answers()), run.id
            run = self.writer.patiently(lambda: train(self.session, known, self.dataset, shared))
        except UserError as error:
            if step.role in ("old", "reference"):
                raise
            self.failed.append({"method": step.label, "run": run.id if run else "", "error": str(error)})
            return ""
        if run.checkpoint is not None and run.outcome in ("done", "stopped"):
            self.done[step] = run
        if run.outcome == "stopped":
            self._tell(Note(text=f"{step.label} was stopped early and is compared as it was then.", level="warning"))
        return run.outcome

    def _shared_answers(self) -> Path | None:
        """Where candidates share their teachers' answers; None where there is nobody to share with."""
        taught = [method for method in self.recipe.candidate_methods() if method.needs_old]
        return self.folder / SHARED_ANSWERS if len(taught) > 1 else None

    def _existing(self, step: Planned) -> Run | None:
        """The run of an earlier attempt at this update, or an ensemble member that any update has trained already."""
        for member in self.writer.update.members:
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
        update = self.writer.update.id
        run = start_train(self.session.store, self._recipe(step), self.dataset, label=step.label, update=update)
        self._add_member(step, run)
        return run

    def _add_member(self, step: Planned, run: Run) -> None:
        self.writer.add_member(Member(run=run.id, role=step.role, method=step.method.name, label=step.label))

    def _recipe(self, step: Planned) -> Recipe:
        """The step's recipe; teachers are the runs that came before it."""
        settings, needs = self.recipe.training, step.method
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
            training=dataclasses.replace(settings, seed=settings.seed + step.seed_offset),
        )

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

    def _tell(self, event: Event) -> None:
        self.writer.append(event)
        self.session.listen("", event)

    def _end(self, outcome: Outcome, message: str, result: dict[str, Any] | None = None) -> None:
        if outcome != "interrupted":
            shutil.rmtree(self.folder / SHARED_ANSWERS, ignore_errors=True)
        self.writer.finish(outcome, message, result)
        self.session.listen("", Ended(outcome=outcome, message=message))

    def _result(self) -> dict[str, Any] | None:
        """What the update found, or None while there is no old model or no candidate."""
        if not (self.recipe.old or self._checkpoints("old")):
            return None
        path = Path(self._old_checkpoint())
        version = old_model(self.session, path, self.dataset)
        answers = old_answers_folder(self.session, version, path, self.dataset)
        old = read_predictions(answers)
        old = named(old, self.old_names) if self.recipe.old else old
        trained = [(step, run) for step, run in self.done.items() if step.role not in ("old", "ensemble")]
        compared = {run.id: compare(old, self._answers(run)) for _, run in trained}
        if not compared:
            return None
        rows = [_candidate(step, run, compared[run.id]) for step, run in trained]
        return {
            "update": self.writer.update.id,
            "data": {**describe(self.dataset), **self._class_split()},
            "old": self._old_row(old, answers, weights=isinstance(version, Checkpoint)),
            "candidates": [row for row in rows if row["role"] != "noise_floor"],
            "noise_floor": self._noise_floor(trained),
            "failed": self.failed,
            "recommended": _recommended(trained, compared),
        }

    def _answers(self, run: Run) -> Predictions:
        return named_predictions(self.session, run.id, self.dataset)

    def _class_split(self) -> dict[str, Any]:
        old = set(self.old_names)
        return {
            "old_classes": [name for name in self.dataset.class_names if name in old],
            "new_classes": [name for name in self.dataset.class_names if name not in old],
        }

    def _old_row(self, old: Predictions, folder: Path, *, weights: bool) -> dict[str, Any]:
        run = next((run for step, run in self.done.items() if step.role == "old"), None)
        return {
            "label": run.label if run else Path(self.recipe.old).stem,
            "run": run.id if run else None,
            "checkpoint": self._old_checkpoint() if weights else "",
            "predictions": str(folder),
            **accuracy_figures(old),
        }

    def _noise_floor(self, trained: list[tuple[Planned, Run]]) -> dict[str, Any] | None:
        """Flips between two plain models that differ in the seed only."""
        runs = {step.role: run for step, run in trained if step.role in ("reference", "noise_floor")}
        if len(runs) < 2:
            return None
        between = compare(self._answers(runs["reference"]), self._answers(runs["noise_floor"]))
        return noise_floor(between, self.old_names)


_ENDINGS: dict[str, str] = {
    "done": "All versions are trained and compared.",
    "stopped": "Stopped early; the versions that were ready are kept.",
    "cancelled": "Cancelled; the versions that were ready are kept.",
}


def _candidate(step: Planned, run: Run, comparison: Comparison) -> dict[str, Any]:
    return {
        "method": step.method.name,
        "label": step.label,
        "role": step.role,
        "run": run.id,
        "checkpoint": str(run.checkpoint),
        "predictions": str(run.predictions("test")),
        "seed": run.recipe.training.seed,
        **record_of(comparison),
    }


def _recommended(trained: list[tuple[Planned, Run]], compared: dict[str, Comparison]) -> dict[str, str] | None:
    plain = next((run.id for step, run in trained if step.role == "reference"), None)
    if plain is None:
        return None
    found = recommend(
        compared[plain], {run.id: compared[run.id] for step, run in trained if step.role != "noise_floor"}
    )
    return {"run": found.key, "reason": found.reason}
