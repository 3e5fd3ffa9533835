"""What to train next: Optuna's sampler behind a small door, its memory a file in the search's folder.

The sampler is seeded anew for each proposal, by the search's seed and the proposal's place, so that a proposal is a
pure function of those and of the trials before it: a search that was killed proposes what it would have proposed.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio.compare.figures.within import Point
from mpt_studio.errors import UserError
from mpt_studio.jobs.search.space import Dimension, Dimensions, rounded
from mpt_studio.store.disk import written_to

if TYPE_CHECKING:
    import optuna

_WHOLE = "whole"
"""Mark of a trial of which everything was proposed; a killed one without it is proposed again."""
_SPREAD = 1_000_003
AT_RANDOM = 8
"""Trials, the recipe's own methods among them, before the sampler begins to learn."""


@dataclass(frozen=True)
class Proposal:
    """What is to be trained."""

    number: int
    """From 1 on; 0 is plain training."""
    parameters: dict[str, float | str]


class Proposals:
    """Proposes and is told. Raises ``UserError`` where its file is no memory of this search.

    After a ``DiskRefused`` its file may be torn; it is mended when it is opened anew.

    Args:
        path: the journal.
        name: the search's id.
        dimensions: what is varied.
        seed: of the search.
    """

    def __init__(self, path: Path, name: str, dimensions: Dimensions, seed: int) -> None:
        self._path, self._dimensions, self._seed = path, dimensions, seed
        with _at_work(path):
            _mend(path)
            self._study = _study(path, name)

    def next(self) -> Proposal:
        """One more."""
        import optuna

        with _at_work(self._path):
            at = self._proposed()
            self._study.sampler = optuna.samplers.TPESampler(
                seed=(self._seed * _SPREAD + at) % 2**32, n_startup_trials=AT_RANDOM
            )
            first = self._dimensions.first()
            if at < len(first):
                self._study.enqueue_trial(first[at])
            trial = self._study.ask()
            raw = self._suggested(trial)
            trial.set_user_attr(_WHOLE, at + 1)
        return Proposal(at + 1, rounded(raw))

    def _suggested(self, trial: optuna.Trial) -> dict[str, float | str]:
        def draw(dimension: Dimension) -> float | str:
            if dimension.choices:
                return str(trial.suggest_categorical(dimension.name, dimension.choices))
            log = dimension.is_logarithmic
            return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=log)

        method = str(draw(self._dimensions["method"]))
        return {"method": method, **{d.name: draw(d) for d in self._dimensions.asked_of(method)}}

    def open(self, known: Collection[int]) -> list[Proposal]:
        """What was proposed and is not ``known`` to have ended, of a search that was interrupted.

        Half a proposal is forgotten. Raises ``UserError`` where what is known was never proposed.
        """
        import optuna

        states, found = optuna.trial.TrialState, []
        with _at_work(self._path):
            if len(known) > self._proposed():
                raise _no_memory(self._path)
            for trial in self._study.get_trials(deepcopy=False):
                number = trial.user_attrs.get(_WHOLE)
                if number is not None and number not in known:
                    found.append(Proposal(number, rounded(trial.params)))
                elif number is None and trial.state == states.RUNNING:
                    self._study.tell(trial.number, state=states.FAIL)
            for _ in self._study.get_trials(deepcopy=False, states=(states.WAITING,)):
                self._study.tell(self._study.ask().number, state=states.FAIL)
        return found

    @property
    def count(self) -> int:
        """So many were proposed."""
        with _at_work(self._path):
            return self._proposed()

    def tell(self, number: int, point: Point) -> None:
        """What a trial came to: its NFR, and by how many points it misses each limit."""
        self._tell(number, lambda trial: self._constrain(trial, point), point.nfr)

    def tell_stopped(self, number: int, epoch: int, shortfall: float) -> None:
        """It was stopped after an epoch, so many (fraction) below plain training's limit."""
        import optuna

        def note(trial: optuna.Trial) -> None:
            if not trial.storage.get_trial(trial._trial_id).intermediate_values:
                trial.report(shortfall, epoch)
            _set(trial, "accuracy", shortfall)

        self._tell(number, note, None, optuna.trial.TrialState.PRUNED)

    def tell_failed(self, number: int) -> None:
        """It could not be trained; the sampler learns nothing from it."""
        import optuna

        self._tell(number, lambda trial: None, None, optuna.trial.TrialState.FAIL)

    def importance(self) -> dict[str, float]:
        """How much each parameter had to do with a low NFR within the limits, as shares (PED-ANOVA, IJCAI 2023).

        Empty before there are enough finished trials to tell.
        """
        import optuna

        done = optuna.trial.TrialState.COMPLETE
        with _at_work(self._path):
            trials = self._study.get_trials(deepcopy=False, states=(done,))
            if len(trials) < 2 * AT_RANDOM or len({trial.value for trial in trials}) < 2:
                return {}
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator, target=_rank)
        return {name: round(float(share), 4) for name, share in found.items()}

    def _proposed(self) -> int:
        return sum(_WHOLE in trial.user_attrs for trial in self._study.get_trials(deepcopy=False))

    def _tell(self, number: int, note: Callable[[optuna.Trial], None], value: float | None, state: Any = None) -> None:
        import optuna

        with _at_work(self._path):
            found = next(t for t in self._study.get_trials(deepcopy=False) if t.user_attrs.get(_WHOLE) == number)
            if found.state.is_finished():
                return
            note(optuna.trial.Trial(self._study, found._trial_id))
            self._study.tell(found.number, value, state=state)

    @staticmethod
    def _constrain(trial: optuna.Trial, point: Point) -> None:
        _set(trial, "accuracy", point.shortfall)
        _set(trial, "accuracy_new_classes", max(point.shortfall_new_classes, -1.0))  # without such a limit: -infinity


def _rank(trial: optuna.trial.FrozenTrial) -> float:
    """Trials that meet the limits by their NFR, then the others by how far they miss them."""
    short = sum(missed for missed in trial.constraints.values() if missed > 0)
    return 1.0 + short if short else float(trial.value or 0.0)


def _set(trial: optuna.Trial, name: str, shortfall: float) -> None:
    """In points; at most 0 meets the limit. What was told before a kill stays: the first word counts."""
    if name not in trial.constraints:
        trial.set_constraint(name, 100 * shortfall)


def _study(path: Path, name: str) -> optuna.Study:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage

    is_new = not path.exists() or not path.stat().st_size
    try:
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))
        return (
            optuna.create_study(storage=storage, study_name=name)
            if is_new
            else optuna.load_study(study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler())
        )
    except OSError:
        raise
    except Exception:  # whatever a journal of something else makes it raise
        raise _no_memory(path) from None


def _no_memory(path: Path) -> UserError:
    return UserError(
        f"{path} is damaged, or is not the memory of this search's trials; put the search's own file back, or begin a "
        "new search (its trials stay, each by itself)."
    )


def noted_in(path: Path) -> set[int] | None:
    """Numbers of the trials that a journal knows, read without Optuna; None where it cannot be read."""
    try:
        lines = [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        return {line["user_attr"][_WHOLE] for line in lines if "user_attr" in line}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mend(path: Path) -> None:
    """Remove what a killed process leaves: its lock, and a torn last line. By the search's lock nobody else writes."""
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if not path.is_file():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as stream:
            stream.truncate(content.rfind(b"\n") + 1)


@contextmanager
def _at_work(path: Path) -> Iterator[None]:
    """Its news are told by our own events; what the disk refuses to its memory is a ``DiskRefused``."""
    import optuna

    optuna.logging.set_verbosity(logging.ERROR)
    with warnings.catch_warnings(), written_to(path.parent):
        warnings.simplefilter("ignore")
        yield
