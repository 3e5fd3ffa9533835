"""Who asked for a job: where it is stored, who listens, and whether it was interrupted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from mpt_studio import paths
from mpt_studio.data import parse_spec
from mpt_studio.errors import Interrupted, UsageError, UserError
from mpt_studio.events import Event
from mpt_studio.recipe import Start
from mpt_studio.store import Run, Store
from mpt_studio.store.compute import Waiting

Item = TypeVar("Item")
Progress = Callable[[str, float | None], None]
"""Called with a sentence and the fraction done (None where unknown)."""


class Task(Protocol):
    """A run that is trained outside of this process."""

    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""

    def check(self) -> None:
        """Raise ``UserError`` where it has ended because it could not be trained."""

    def end(self) -> None:
        """Ask it to end in order: what was done is kept."""

    def wait(self) -> None:
        """Return when it has ended."""


class Workers(Protocol):
    """Who works outside of this process: the workers of a cluster."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of them."""

    def train(self, run: Run) -> Task:
        """Have one of them train a run, as soon as one is free."""

    def spread(self, work: Callable[[Item], None], items: Sequence[Item]) -> Generator[Item | None, None, None]:
        """Have them call ``work`` with each item, wherever and in whatever order.

        Yields each that is done, and None now and then while none is; closing it calls off what has not begun.
        """

    def told_in(self, folder: Path) -> AbstractContextManager[None]:
        """Meanwhile a job's folder has the list of what they do."""

    def plan(self, planned: Sequence[Waiting]) -> None:
        """What they are asked for later, for that list."""


def _ignore_event(run_id: str, event: Event) -> None:
    """Nobody listens; the events are on disk."""


def _ignore_progress(sentence: str, fraction: float | None) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Session:
    """One caller's way to run jobs."""

    store: Store
    listen: Callable[[str, Event], None] = _ignore_event
    """Called with the run's id ("" for an update's own events) after the event is on disk."""
    show: Progress = _ignore_progress
    """Told what ``progress`` is told."""
    interrupted: Callable[[], bool] = _never
    """Asked between steps and at every progress; True ends the job, a training as "interrupted" and resumable."""
    workers: Workers | None = None
    """Who trains and evaluates; None: this process."""

    def own_device(self, wanted: str) -> str:
        """Where this process computes what the workers do not; a device that was asked for is asked of them."""
        return "auto" if self.workers else wanted

    def progress(self, sentence: str, fraction: float | None) -> None:
        """Say what is being done, between any two batches of every job. Raises ``Interrupted``."""
        self.show(sentence, fraction)
        if self.interrupted():
            raise Interrupted


def to_resume(what: str) -> Interrupted:
    """What ends a training or an update that can go on; ``what`` is its id."""
    return Interrupted(f"Interrupted; go on with: mpt-studio resume {what}")


def absolute_spec(spec: str) -> str:
    """The data's spec string with an absolute folder or file, so that it means the same from anywhere."""
    kind, folder = parse_spec(spec)
    return f"{kind}:{folder}" if folder is not None else kind


def absolute_file(path: str) -> str:
    """An existing file's absolute path; "" stays "". Raises ``UserError``."""
    if not path:
        return ""
    full = paths.named(path).absolute()
    if not full.exists():
        raise UserError(f"There is no file {full}.")
    return str(full)


def absolute_start(start: Start) -> Start:
    """The start with its file's absolute path. Raises ``UsageError`` for what is neither a word nor a file."""
    if not start.file:
        return start
    full = paths.named(start.file).absolute()
    if not full.exists():
        raise UsageError(
            f"There is no start {start.file!r}; take auto, scratch, pretrained or an existing weights file."
        )
    return dataclasses.replace(start, start=str(full))


def absolute_classes(text: str) -> str:
    """Where ``text`` names a file of class names, its absolute path; counts and lists of names stay as they are."""
    path = paths.expanded(text.strip())
    return str(path.absolute()) if text.strip() and not text.strip().isdigit() and paths.is_file(path) else text
