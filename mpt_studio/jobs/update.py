"""The one-click job: old model, reference model and every candidate, trained, evaluated and compared."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from mpt_studio.checkpoint import Checkpoint, has_our_header, read_checkpoint
from mpt_studio.compare import Comparison, compare, record_of
from mpt_studio.compare.figures.noise_floor import noise_floor
from mpt_studio.data import Dataset, describe
from mpt_studio.data.splits import check_trainable
from mpt_studio.decide import recommend
from mpt_studio.errors import UserError
from mpt_studio.jobs.beforehand import check_engine, old_classes_of, warnings
from mpt_studio.jobs.evaluating import accuracy_figures, named_predictions
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.old_model import named, old_answers_folder, old_model
from mpt_studio.jobs.patience import Waiting
from mpt_studio.jobs.plan import Planned, old_model_problem, plan_of
from mpt_studio.jobs.planned_job import PlannedJob
from mpt_studio.jobs.session import Session, absolute_classes, absolute_file, absolute_spec, absolute_start
from mpt_studio.jobs.training import SHARED_ANSWERS
from mpt_studio.predictions import Predictions, read_predictions
from mpt_studio.recipe import UpdateRecipe, checked
from mpt_studio.recipe.words import title_for
from mpt_studio.store import Run, Store, Update, UpdateWriter


def start_update(store: Store, recipe: UpdateRecipe, title: str = "") -> Update:
    """Check what can be checked without opening the data, and put the update on disk, queued. Raises ``UserError``."""
    recipe = with_whole_paths(recipe)
    others = [(update.title, update.recipe) for update in store.updates()]
    return store.create_update(recipe, title=title_for(recipe, others, title))


def with_whole_paths(recipe: UpdateRecipe) -> UpdateRecipe:
    """The recipe with whole paths, checked without opening the data. Raises ``UserError``."""
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
    return recipe


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


class _UpdateJob(PlannedJob):
    def __init__(self, session: Session, writer: UpdateWriter) -> None:
        super().__init__(session, writer, writer.update.recipe)
        self.endings = _ENDINGS

    def _warn(self) -> None:
        methods, epochs = self.recipe.candidate_methods(), self.recipe.training.epochs
        for note in warnings(self.dataset, methods, epochs, self.old_names, self.session.store):
            self._tell(note)

    def _work(self) -> None:
        self._warn()
        plan, outcome = plan_of(self.recipe), ""
        if self.session.workers is not None:
            return self._train_together(plan, 0, len(plan))
        for index, step in enumerate(plan):
            self._obey()
            outcome = self._train(step, index, len(plan))
        if outcome in ("stopped", "cancelled"):
            self._obey()

    def _shared_answers(self) -> Path | None:
        """Where candidates share their teachers' answers; None where there is nobody to share with."""
        taught = [method for method in self.recipe.candidate_methods() if method.needs_old]
        return self.folder / SHARED_ANSWERS if len(taught) > 1 else None

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
            "update": self.writer.id,
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
