"""Train one version: from a recipe to a run with weights, test predictions and figures."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import aligned_by_store, compare, record_of
from mpt_studio.data import Dataset
from mpt_studio.errors import Damaged, Interrupted, RankLost, UserError
from mpt_studio.events import Ended, Epoch, Event, Note, Outcome, Paused
from mpt_studio.jobs.beforehand import version_classes, warnings, with_start
from mpt_studio.jobs.evaluating import accuracy_figures, tagged
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.launched import helped
from mpt_studio.jobs.old_model import check_methods, how_it_teaches, old_answers, old_model
from mpt_studio.jobs.parts import parts_of
from mpt_studio.jobs.patience import Waiting, Wished
from mpt_studio.jobs.plan import label_for, old_model_problem
from mpt_studio.jobs.read_weights import checkpoint_of
from mpt_studio.jobs.session import Session, absolute_classes, absolute_file, absolute_spec, absolute_start, to_resume
from mpt_studio.jobs.side_by_side import train_one
from mpt_studio.methods import check_teachers
from mpt_studio.predictions import Predictions
from mpt_studio.recipe import Recipe, checked
from mpt_studio.store import Run, RunWriter, Store
from mpt_studio.store.control import read_command
from mpt_studio.store.folder import is_locked

if TYPE_CHECKING:
    from mpt_studio.engine.train.mixture import Mixture
    from mpt_studio.engine.train.parts import Parts
    from mpt_studio.engine.train.progress import Command
    from mpt_studio.engine.train.trainer import Trainer

    Maker = Trainer | Mixture


def start_train(
    store: Store,
    recipe: Recipe,
    dataset: Dataset,
    *,
    label: str = "",
    update: str = "",
    part: Literal["test", "validation"] = "test",
) -> Run:
    """Check a recipe against its data and put the run on disk, queued. Raises ``UserError``.

    ``update`` is the update or search that it belongs to; ``part`` is where it is judged when it ends.
    """
    recipe = checked(_absolute(recipe))
    if recipe.role != "old" and (problem := old_model_problem(recipe)):
        raise UserError(problem)
    recipe = with_start(recipe, dataset)
    classes, _ = version_classes(Session(store), recipe, dataset)
    check_teachers(recipe.method, old=recipe.old, reference=recipe.reference, ensemble=recipe.ensemble)
    if recipe.old and not update:  # an update has looked at all of its methods
        check_methods(old_model(Session(store), Path(recipe.old), dataset), (recipe.method,), recipe.images)
    writer = store.create_run(
        recipe,
        label=label or label_for(recipe.role, recipe.method),
        update=update,
        data_fingerprint=dataset.fingerprint,
        class_names=classes,
        part=part,
    )
    writer.set(outcome="queued")
    writer.close()
    return writer.run


SHARED_ANSWERS = "answers"
"""Folder of a job that runs: teachers' answers, see ``engine.train.kept_answers``."""
WORK_FOR_A_SAVE = 50
"""Training goes on for so many times as long as the last save took before the next one: saving takes 2 % at most.
Time that listeners take does not count."""


def _absolute(recipe: Recipe) -> Recipe:
    return dataclasses.replace(
        recipe,
        data=absolute_spec(recipe.data),
        old=absolute_file(recipe.old),
        start=absolute_start(recipe.start),
        old_classes=absolute_classes(recipe.old_classes),
        reference=absolute_file(recipe.reference),
        ensemble=tuple(absolute_file(path) for path in recipe.ensemble),
    )


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What the trainings of an update have in common."""

    control: Path | None = None
    """Another folder whose commands count as well."""
    answers: Path | None = None
    """Where candidates keep their teachers' answers for each other."""


def _shared_with(store: Store, run: Run) -> Shared:
    """What a run has in common with those of its job, where another process runs that now."""
    with suppress(UserError):  # it was deleted
        folder = store.job_folder(run.update) if run.update else None
        if folder is not None and is_locked(folder):
            return Shared(control=folder, answers=folder / SHARED_ANSWERS)
    return Shared()


def train(
    session: Session,
    run_id: str,
    dataset: Dataset | None = None,
    shared: Shared | None = None,
) -> Run:
    """Run or resume one training to its end and return the finished run.

    Args:
        session: where it is stored and who listens.
        run_id: a run that ``start_train`` created or that was interrupted.
        dataset: the recipe's data, where they are open already.
        shared: what it has in common with others of its job; by default found out.

    Raises:
        UserError: the run cannot be trained; its outcome is "failed".
        Interrupted: it was interrupted and can be resumed.
    """
    run = session.store.run(run_id)
    if run.outcome in ("done", "stopped"):
        return run
    if session.workers is not None:
        return train_one(session, run, shared.control if shared and shared.control else run.folder)
    shared = shared or _shared_with(session.store, run)
    folders = [run.folder, *([shared.control] if shared.control else [])]
    waiting = Waiting(session, run.id, run.update or run.id, folders)
    with session.store.write_run(run_id, patience=waiting) as writer, _failures_recorded(session, writer):
        dataset = dataset or open_data(session, run.recipe.data)
        _TrainingJob(session, writer, dataset, shared, waiting, folders).run()
    return session.store.run(run_id)


@contextmanager
def _failures_recorded(session: Session, writer: RunWriter) -> Iterator[None]:
    try:
        yield
    except RankLost as error:
        _end(session, writer, "interrupted", f"{error} It can be resumed.")
        raise Interrupted(f"{error} Go on with: mpt-studio resume {writer.run.update or writer.run.id}") from None
    except Interrupted as error:
        if str(error):  # nothing can be written
            raise
        _end(session, writer, "interrupted", "Interrupted; it can be resumed.")
        raise to_resume(writer.run.update or writer.run.id) from None
    except Exception as error:
        sentence = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        tell(session, writer, Note(text=sentence, level="error", detail=traceback.format_exc()))
        _end(session, writer, "failed", sentence)
        raise


def tell(session: Session, writer: RunWriter, event: Event) -> None:
    """Put an event on disk, then let the listener see it."""
    writer.append(event)
    session.listen(writer.run.id, event)


def _end(
    session: Session, writer: RunWriter, outcome: Outcome, message: str, figures: dict[str, Any] | None = None
) -> None:
    writer.finish(outcome, message, figures=figures or {})
    session.listen(writer.run.id, Ended(outcome=outcome, message=message))


class _TrainingJob:
    """One training between opening its data and its last event."""

    def __init__(
        self,
        session: Session,
        writer: RunWriter,
        dataset: Dataset,
        shared: Shared,
        waiting: Waiting,
        folders: Sequence[Path],
    ) -> None:
        self.session, self.writer, self.dataset, self.shared = session, writer, dataset, shared
        self.recipe = writer.run.recipe
        self.waiting, self.folders = waiting, folders
        self.last_command: Command = "run"
        self.saved_at, self.seconds_to_save = time.monotonic(), 0.0

    def run(self) -> None:
        try:
            self._run()
        except Wished:  # while the disk took nothing
            self._cancel()

    def _run(self) -> None:
        self._check_data()
        if not self.writer.run.update:  # an update says it once, for all of its runs
            _, old_names = version_classes(self.session, self.recipe, self.dataset)
            methods, epochs = (self.recipe.method,), self.recipe.training.epochs
            for note in warnings(self.dataset, methods, epochs, old_names, self.session.store):
                tell(self.session, self.writer, note)
        parts = self._parts()
        with helped(self.session.store, self.writer.run, self.shared.answers):
            self._train(parts)

    def _check_data(self) -> None:
        expected = self.writer.run.data_fingerprint
        if expected and expected != self.dataset.fingerprint:
            raise UserError(
                f"The data {self.recipe.data} have changed since this run was created; start a new run on them."
            )

    def _parts(self) -> Parts:
        parts = self.writer.patiently(lambda: parts_of(self.session, self.recipe, self.dataset, self.shared.answers))
        if parts.old is not None and (said := how_it_teaches(parts.old, self.recipe.method)):
            tell(self.session, self.writer, Note(text=said))
        return parts

    def _train(self, parts: Parts) -> None:
        trainer = self._maker(parts)
        for event in trainer.fit(self._command):
            self._handle(trainer, event)
        self._conclude(trainer)

    def _maker(self, parts: Parts) -> Maker:
        from mpt_studio.engine.train.mixture import Mixture
        from mpt_studio.engine.train.trainer import Trainer

        if self.recipe.method.interpolates:
            return Mixture(parts)
        trainer = Trainer(parts)
        trainer.ranks.agreed(str(self._restore(trainer) or ""))
        return trainer

    def _restore(self, trainer: Trainer) -> Path | None:
        """Take up the newest resume state that is whole, and say what had become of newer ones."""
        run, lost, taken = self.writer.run, list[str](), None
        if run.lost_state:
            lost.append(f"The last resume state {run.lost_state} is gone.")
        for path in run.resume_states:
            try:
                trainer.restore(path)
                taken = path
                break
            except Damaged as error:
                lost.append(str(error))
                self.writer.drop([path])
        for sentence in lost:
            goes_on = f"goes on from the state of step {trainer.step}" if trainer.step else "begins anew"
            text = f"{sentence} Training {goes_on} and ends with the same weights."
            tell(self.session, self.writer, Note(text=text, level="warning"))
        return taken

    def _version(self, path: str) -> Checkpoint:
        return self.writer.patiently(
            lambda: checkpoint_of(self.session, Path(path), data_classes=self.dataset.class_names)
        )

    def _command(self) -> Command:
        if self.session.interrupted():
            self.last_command = "interrupt"
        else:
            commands = [read_command(folder) for folder in self.folders]
            self.last_command = next((c for c in ("cancel", "stop", "pause") if c in commands), "run")
        return self.last_command

    def _handle(self, trainer: Maker, event: Event) -> None:
        if self._is_due(event):
            self._save(trainer)
        began = time.monotonic()
        tell(self.session, self.writer, event)
        self.saved_at += time.monotonic() - began  # nobody trains while a listener takes its time

    def _is_due(self, event: Event) -> bool:
        if isinstance(event, Paused):
            return True
        least = 0.0 if isinstance(event, Epoch) else self.recipe.training.save_every_seconds
        return time.monotonic() - self.saved_at >= max(least, WORK_FOR_A_SAVE * self.seconds_to_save)

    def _save(self, trainer: Maker) -> None:
        began = time.monotonic() - self.waiting.seconds
        self.writer.save_state(trainer.save_state)
        self.saved_at = time.monotonic()
        self.seconds_to_save = self.saved_at - self.waiting.seconds - began

    def _conclude(self, trainer: Maker) -> None:
        if trainer.finished or self.last_command == "stop":
            self._keep(trainer, "done" if trainer.finished else "stopped")
        elif self.last_command == "cancel":
            self._cancel()
        else:
            self.writer.save_state(trainer.save_state)
            raise Interrupted

    def _cancel(self) -> None:
        _end(self.session, self.writer, "cancelled", "Cancelled; no version was kept.")

    def _keep(self, trainer: Maker, outcome: Outcome) -> None:
        """Write the version's weights, and its predictions on the part where it is judged.

        No training touches the test part at any other time.
        """
        from mpt_studio.engine.evaluate import evaluate

        described = trainer.describe(run=self.writer.run.id, data_fingerprint=self.dataset.fingerprint)
        name = self.recipe.training.keeps
        path = self.writer.save_weights(lambda temporary: trainer.save_weights(temporary, described), name)
        checkpoint, run = self._version(str(path)), self.writer.run
        trainer.ranks.agreed(str(path))
        samples = self.dataset.test if run.part == "test" else trainer.parts.validation
        answers = evaluate(
            checkpoint,
            self.dataset,
            samples,
            device=self.recipe.training.device,
            progress=self.session.progress,
            logits=trainer.answers(samples, self.session.progress),
            ranks=trainer.ranks,
        )
        predictions = tagged(answers, self.dataset, version=run.label, part=run.part, samples=samples)
        self.writer.save_predictions(predictions, run.part)
        figures = self._figures(predictions) if run.part == "test" else accuracy_figures(predictions)
        _end(self.session, self.writer, outcome, _KEPT[outcome], {run.part: figures, **described.figures})

    def _figures(self, predictions: Predictions) -> dict[str, Any]:
        if self.recipe.old:
            path = Path(self.recipe.old)
            old = self.writer.patiently(lambda: old_answers(self.session, path, self.dataset))
            return record_of(compare(*aligned_by_store(old, predictions, self.session.store.root)))
        return accuracy_figures(predictions)


_KEPT = {"done": "Trained to the end.", "stopped": "Stopped early; the version as it was then is kept."}
