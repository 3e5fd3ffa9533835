"""One training run: its folder, read; and the only thing that writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mpt_studio import paths, predictions
from mpt_studio.errors import UserError
from mpt_studio.events import Outcome
from mpt_studio.files.plain import sha256_of
from mpt_studio.recipe import Recipe
from mpt_studio.store.disk import written_to
from mpt_studio.store.entry import StoreEntry, read_values
from mpt_studio.store.folder import FolderWriter
from mpt_studio.store.record import RunFields, State

RECORD = "run.json"
CHECKPOINTS, STATE = "checkpoints", "resume"
KEPT_STATES = 2


@dataclass(frozen=True)
class Run(StoreEntry):
    """A run as its ``run.json`` told when it was read; events, weights and predictions stay on disk."""

    recipe: Recipe
    label: str
    update: str
    """Id of the update or search that it belongs to; empty for one of its own."""
    created: float
    """Seconds since 1970."""
    outcome: State
    message: str
    figures: dict[str, Any]
    data_fingerprint: str
    class_names: tuple[str, ...]
    machine: dict[str, Any]
    versions: dict[str, str]
    checkpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name ("last", "best") → {"sha256", "bytes", "previous"}."""
    ended: float | None = None
    """When it ended, seconds since 1970."""
    part: Literal["test", "validation"] = "test"
    """On which part of its data it is judged when it ends: a trial of a search leaves the test part alone."""
    saves: int = 0
    """Number of the resume state that was saved last; 0 before the first."""

    @property
    def checkpoint(self) -> Path | None:
        """The version's weights: the best where the recipe keeps the best, else the last; None before the first."""
        names = ("best", "last") if self.recipe.training.keeps == "best" else ("last",)
        found = (_checkpoint(self.folder, name) for name in names)
        return next((path for path in found if path.is_file()), None)

    @property
    def resume_states(self) -> list[Path]:
        """What training may go on from, the newest first."""
        found = self.folder.glob(f"{CHECKPOINTS}/{STATE}*.safetensors")
        return sorted((path for path in found if path.is_file()), reverse=True)

    @property
    def lost_state(self) -> Path | None:
        """The resume state that was saved last, where somebody took it away; None where it is there."""
        path = _state(self.folder, self.saves)
        return path if self.saves and not any(found >= path for found in self.resume_states) else None

    def predictions(self, part: str = "test") -> Path | None:
        """Folder of the version's predictions; None where it was not evaluated."""
        folder = self.folder / "predictions" / part
        return folder if predictions.is_predictions(folder) else None

    def noted(self, path: Path) -> set[str]:
        """The SHA-256 of what was written at ``path``, as noted then; empty for other files.

        Two, as the program may have been killed between noting and renaming.
        """
        name = path.stem
        if path != _checkpoint(self.folder, name):
            return set()
        entry = self.checkpoints.get(name, {})
        return {str(entry[key]) for key in ("sha256", "previous") if entry.get(key)}

    def check(self, name: str = "last") -> None:
        """Compare a checkpoint with the SHA-256 noted when it was saved. Raises ``UserError`` where they differ."""
        path = _checkpoint(self.folder, name)
        noted = self.noted(path)
        if noted and sha256_of(path) not in noted:
            raise UserError(f"{path} has changed since it was saved; train the version again.")

    @cached_property
    def title(self) -> str:
        """What to call it: the name that it was given, its label, or its id."""
        return self.said.name or self.label or self.id


def read_run(folder: Path) -> Run:
    """Read ``run.json`` and nothing else. Raises ``UserError`` for damaged or newer ones."""
    values = read_values(Run, folder / RECORD, RunFields, Recipe)
    return Run(**values | {"class_names": tuple(values["class_names"])})


def _checkpoint(folder: Path, name: str) -> Path:
    return folder / CHECKPOINTS / f"{name}.safetensors"


def _state(folder: Path, number: int) -> Path:
    return _checkpoint(folder, f"{STATE}_{number:06d}")


def save_predictions(answers: predictions.Predictions, folder: Path) -> None:
    """Write predictions into the store."""
    from mpt_studio.predictions.folder import write

    with written_to(folder):
        write(answers, folder)


def _delete(path: Path) -> None:
    with written_to(path):
        path.unlink(missing_ok=True)


class RunWriter(FolderWriter):
    """Writes one run; holds its lock."""

    record_name = RECORD

    @property
    def run(self) -> Run:
        """The run as it is on disk now."""
        return read_run(self.folder)

    def save_weights(self, write: Callable[[Path], None], name: str = "last") -> Path:
        """Replace a checkpoint as a whole and note its SHA-256. ``write`` fills the path that it is given."""
        path = _checkpoint(self.folder, name)

        def write_and_note(temporary: Path) -> None:
            write(temporary)
            self._note_checkpoint(name, temporary)

        self._replace(path, write_and_note)
        self._lying[name] = self._record["checkpoints"][name]["sha256"]
        return path

    def save_state(self, write: Callable[[Path], None]) -> Path:
        """Keep what training goes on from, beside the state before: one that is damaged must not be the only one."""
        older = self.run.resume_states[KEPT_STATES - 1 :]
        number = self._record.get("saves", 0) + 1
        path = _state(self.folder, number)
        self._replace(path, write)
        self.set(saves=number)
        self.drop(older)
        return path

    def save_predictions(self, answers: predictions.Predictions, part: str = "test") -> Path:
        """Write the version's answers on a part of the data."""
        folder = self.folder / "predictions" / part
        self.patiently(lambda: save_predictions(answers, folder))
        return folder

    def drop(self, states: Iterable[Path]) -> None:
        """Delete resume states that are damaged or no longer needed."""
        for path in states:
            self.patiently(lambda path=path: _delete(path))  # type: ignore[misc]

    def _replace(self, path: Path, write: Callable[[Path], None]) -> None:
        def replace() -> None:
            with written_to(self.folder):
                paths.replace_file(path, write)

        self.patiently(replace)

    def finish(self, outcome: Outcome, message: str = "", figures: dict[str, Any] | None = None) -> None:
        """The run's last word: appends ``Ended``, then notes outcome and figures. A done run needs no resume state."""
        self._end(outcome, message, figures={**self._record.get("figures", {}), **(figures or {})})
        if outcome == "done":
            self.drop(self.run.resume_states)

    @cached_property
    def _lying(self) -> dict[str, str]:
        """By name, the noted SHA-256 of the weights that lie there: what was noted last may never have been renamed."""
        run = self.run
        found = {name: path for name in run.checkpoints if (path := _checkpoint(self.folder, name)).is_file()}
        return {name: digest for name, path in found.items() if (digest := sha256_of(path)) in run.noted(path)}

    def _note_checkpoint(self, name: str, content: Path) -> None:
        noted: dict[str, dict[str, Any]] = self._record.get("checkpoints", {})
        digest = sha256_of(content)
        fresh = {"sha256": digest, "bytes": content.stat().st_size, "previous": self._lying.get(name, "")}
        self.set(checkpoints={**noted, name: fresh})
