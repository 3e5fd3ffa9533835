"""What is being opened: a file or folder on its way, and the question that it may raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from mpt_studio.errors import shown_name
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.workspace.version import Version
from mpt_studio.predictions import Scale
from mpt_studio.reading import Choices, Reading

_MISSING = {
    "weights": "which of its weights to take",
    "architecture": "its architecture",
    "class_names": "its class names",
    "preprocessing": "how its images are prepared",
}


class Item(QObject):
    """One file or folder: being read, asked about, refused, or done."""

    changed = Signal()

    def __init__(self, path: Path, parent: QObject) -> None:
        super().__init__(parent)
        self.path = path
        self.job: Job | None = None
        self.sentence, self.fraction = "", -1.0
        self.problem, self.detail = "", ""
        self.version: Version | None = None
        self.is_over = False
        self.question: Question | ScoresQuestion | None = None
        """What a person still has to say, where reading stopped for that."""

    @property
    def name(self) -> str:
        """For people."""
        return shown_name(self.path)

    def cancel(self) -> None:
        """Stop reading; nothing of it is opened."""
        if self.job is not None:
            self.job.cancel()

    @property
    def told(self) -> str:
        """Why it was refused, as the log says it: with the file's name. Empty where it was not."""
        names_it = self.name in self.problem or str(self.path) in self.problem
        return self.problem if names_it or not self.problem else f"{self.name}: {self.problem}"


@dataclass(eq=False)
class ScoresQuestion:
    """What the scores in a table are, where their numbers can be several things."""

    name: str
    what: str
    """What was seen."""
    fits: tuple[Scale, ...]
    answer: Callable[[Scale | None], None]


@dataclass(eq=False)
class Question:
    """What a person has to say about a file before it is a version; or may say anew, where it is one."""

    reading: Reading
    answer: Callable[[Choices | None], None]
    choices: Choices
    """What was said before."""
    problem: str
    """Why that does not fit; empty at first."""
    anew: bool
    """Whether everything may be said again, not only what is missing."""
    as_found: Callable[[], None] | None = None
    """Forgets what was said and reads the file anew; None where that is no answer."""


def missing_in(found: Reading) -> str:
    """What a person has to say before a file can be used, in words."""
    return " and ".join(_MISSING[need] for need in found.needs) or "something"
