"""One training run: its folder, read; and the only thing that writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mpt_studio import paths, predictions, recipe
from mpt_studio.errors import UserError
from mpt_studio.events import Outcome
from mpt_studio.recipe import Recipe
from mpt_studio.store.disk import written_to
from mpt_studio.store.entry import StoreEntry
from mpt_studio.store.folder import FolderWriter, State, read_record, settled

RECORD = "run.json"


@dataclass(frozen=True)
class Run(StoreEntry):
    """A run as its ``run.json`` told when it was read; events, weights and predictions stay on disk."""

    recipe: Recipe
    label: str
    update: str
    """Id of the update that it belongs to; empty for one of its own."""
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

    @property
    def checkpoint(self) -> Path | None:
        """The version's weights: the best where the recipe keeps the best, else the last; None before the first."""
        names = ("best", "last") if self.recipe.training.keep == "best" else ("last",)
        found = (_checkpoint(self.folder, name) for name in names)
        return next((path for path in found if path.is_file()), None)

    @property
    def resume_state(self) -> Path | None:
        """What training goes on from; None where there is nothing to go on from."""
        path = _checkpoint(self.folder, "resume")
        return path if path.is_file() else None

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
        if noted and paths.sha256_of(path) not in noted:
            raise UserError(f"{path} has changed since it was saved; train the version again.")

    @cached_property
    def title(self) -> str:
        """What to call it: its label, or its id."""
        return self.label or self.id


def read_run(folder: Path) -> Run:
    """Read ``run.json`` and nothing else. Raises ``UserError`` for damaged or newer ones."""
    values = settled(folder, lambda: read_record(folder / RECORD))
    try:
        texts: dict[str, Any] = {n: values[n] for n in ("label", "update", "outcome", "message", "data_fingerprint")}
        tables: dict[str, Any] = {n: dict(values[n]) for n in ("figures", "machine", "versions", "checkpoints")}
        return Run(
            id=folder.name,
            folder=folder,
            recipe=recipe.from_json(Recipe, values["recipe"]),
            class_names=tuple(values["class_names"]),
            created=float(values["created"]),
            ended=values.get("ended"),
            **texts,
            **tables,
        )
    except UserError as error:
        raise UserError(f"{folder / RECORD} cannot be read: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder / RECORD} is damaged ({type(error).__name__}: {error}).") from None


def _checkpoint(folder: Path, name: str) -> Path:
    return folder / "checkpoints" / f"{name}.safetensors"


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

        with written_to(self.folder):
            paths.replace_file(path, write_and_note)
        return path

    def save_state(self, write: Callable[[Path], None]) -> Path:
        """Replace what training goes on from."""
        path = _checkpoint(self.folder, "resume")
        with written_to(self.folder):
            paths.replace_file(path, write)
        return path

    def save_predictions(self, answers: predictions.Predictions, part: str = "test") -> Path:
        """Write the version's answers on a part of the data."""
        folder = self.folder / "predictions" / part
        with written_to(self.folder):
            answers.save(folder)
        return folder

    def finish(self, outcome: Outcome, message: str = "", figures: dict[str, Any] | None = None) -> None:
        """The run's last word: appends ``Ended``, then notes outcome and figures. A done run needs no resume state."""
        self._end(outcome, message, figures={**self._record.get("figures", {}), **(figures or {})})
        if outcome == "done":
            with written_to(self.folder):
                _checkpoint(self.folder, "resume").unlink(missing_ok=True)

    def _note_checkpoint(self, name: str, content: Path) -> None:
        noted: dict[str, dict[str, Any]] = self._record.get("checkpoints", {})
        digest = paths.sha256_of(content)
        fresh = {"sha256": digest, "bytes": content.stat().st_size, "previous": noted.get(name, {}).get("sha256", "")}
        self.set(checkpoints={**noted, name: fresh})
