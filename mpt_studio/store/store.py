"""The store: a folder of runs, updates, searches and cached evaluations."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from mpt_studio import recipe as recipes
from mpt_studio.errors import UserError, a_few
from mpt_studio.events import Asked, to_line
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import machine
from mpt_studio.store.disk import Patience, written_to
from mpt_studio.store.folder import EVENTS, new_id, unused
from mpt_studio.store.record import write_record
from mpt_studio.store.run import RECORD as RUN_RECORD
from mpt_studio.store.run import Run, RunWriter, read_run
from mpt_studio.store.search import RECORD as SEARCH_RECORD
from mpt_studio.store.search import Search, SearchWriter, read_search
from mpt_studio.store.update import RECORD as UPDATE_RECORD
from mpt_studio.store.update import Update, UpdateWriter, read_update

Shelf = Literal["runs", "updates", "searches"]
SINGULAR: dict[Shelf, str] = {"runs": "run", "updates": "update", "searches": "search"}
T = TypeVar("T", Run, Update, Search)
_ROOM = 1 << 16
"""Bytes; whoever writes a few events needs less."""


@dataclass(frozen=True)
class Problem:
    """A folder of the store that cannot be read."""

    folder: Path
    sentence: str

    def to_json(self) -> dict[str, str]:
        return {"id": self.folder.name, "folder": str(self.folder), "message": self.sentence}


class Store:
    """Runs, updates and searches below one folder. Reading never creates anything.

    Listing, finding and creating raise ``UserError`` where the root is not a folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._problems: dict[Shelf, list[Problem]] = {shelf: [] for shelf in SINGULAR}

    @property
    def problems(self) -> list[Problem]:
        """The folders that the last listings could not read."""
        return [problem for found in self._problems.values() for problem in found]

    def runs(self) -> list[Run]:
        """All runs, newest first; reads one small file each."""
        return self._listed("runs", read_run)

    def updates(self) -> list[Update]:
        """All updates, newest first; reads one small file each."""
        return self._listed("updates", read_update)

    def searches(self) -> list[Search]:
        """All searches, newest first; reads one file each."""
        return self._listed("searches", read_search)

    def latest_jobs(self, most: int) -> list[Update | Search]:
        """The newest updates and searches; ids begin with the time: no more records are read than are wanted."""
        found: list[Update | Search] = []
        for folder in sorted((*self._folders("updates"), *self._folders("searches")), key=lambda f: f.name)[::-1]:
            with suppress(UserError):
                found.append(read_update(folder) if folder.parent.name == "updates" else read_search(folder))
            if len(found) == most:
                break
        return found

    def run(self, run: str) -> Run:
        """A run by its id or an unambiguous beginning of it. Raises ``UserError``."""
        return read_run(self.run_folder(run))

    def update(self, update: str) -> Update:
        """An update by its id or an unambiguous beginning of it. Raises ``UserError``."""
        return read_update(self.update_folder(update))

    def search(self, search: str) -> Search:
        """A search by its id or an unambiguous beginning of it. Raises ``UserError``."""
        return read_search(self.search_folder(search))

    def find(self, name: str) -> Run | Update | Search:
        """A run, an update or a search by its id or an unambiguous beginning of it. Raises ``UserError``."""
        folder = self._anywhere(name)
        if folder.parent.name == "runs":
            return read_run(folder)
        return read_update(folder) if folder.parent.name == "updates" else read_search(folder)

    def is_search(self, job: str) -> bool:
        """Whether a job's id is that of a search."""
        return bool(self._matching("searches", job))

    def job(self, job: str) -> Update | Search:
        """An update or a search by its id. Raises ``UserError``."""
        return self.search(job) if self.is_search(job) else self.update(job)

    def jobs(self) -> list[Update | Search]:
        """All updates and searches, newest first."""
        return sorted((*self.updates(), *self.searches()), key=lambda job: (job.created, job.id), reverse=True)

    def job_folder(self, job: str) -> Path:
        """Folder of an update or a search by its id. Raises ``UserError``."""
        return self.search_folder(job) if self.is_search(job) else self.update_folder(job)

    def run_folder(self, run: str) -> Path:
        """Folder of a run by its id, an unambiguous beginning of it, or its last six digits. Raises ``UserError``."""
        return self._resolved("runs", run)

    def update_folder(self, update: str) -> Path:
        """Folder of an update by its id, an unambiguous beginning of it, or its last six digits."""
        return self._resolved("updates", update)

    def search_folder(self, search: str) -> Path:
        """Folder of a search by its id, an unambiguous beginning of it, or its last six digits."""
        return self._resolved("searches", search)

    def create_run(
        self,
        recipe: Recipe,
        *,
        label: str = "",
        update: str = "",
        data_fingerprint: str = "",
        class_names: Sequence[str] = (),
        part: Literal["test", "validation"] = "test",
    ) -> RunWriter:
        """Make a run's folder and hold its lock; the run is "running" from now on."""
        values = {
            "recipe": recipes.to_json(recipe),
            "label": label,
            "update": update,
            "data_fingerprint": data_fingerprint,
            "class_names": list(class_names),
            "machine": machine.machine(),
            "versions": machine.versions(),
            "figures": {},
            "checkpoints": {},
            **({"part": part} if part != "test" else {}),
        }
        method = recipe.role if recipe.role in ("old", "reference") else recipe.method.name
        return RunWriter(self._created("runs", new_id(method), RUN_RECORD, values))

    def create_update(self, recipe: UpdateRecipe, *, title: str = "") -> Update:
        """Put an update's plan on disk; it is "queued" until a process opens it with ``write_update``."""
        return read_update(self._job("updates", UPDATE_RECORD, recipe, title))

    def create_search(self, recipe: SearchRecipe, *, title: str = "") -> Search:
        """Put a search on disk; it is "queued" until a process opens it with ``write_search``."""
        begun: dict[str, Any] = {"trials": [], "found": {}, "seconds": 0.0}
        return read_search(self._job("searches", SEARCH_RECORD, recipe, title, **begun))

    def write_run(self, run: str, *, resume: bool = True, patience: Patience | None = None) -> RunWriter:
        """Open a run for writing and take its lock; it is "running" again unless ``resume`` is False.

        Raises ``UserError`` where another process writes it. ``patience`` waits where the disk refuses something later.
        """
        return RunWriter(self.run_folder(run), resume=resume, patience=patience)

    def write_update(self, update: str, *, resume: bool = True, patience: Patience | None = None) -> UpdateWriter:
        """Open an update for writing and take its lock; as ``write_run``."""
        return UpdateWriter(self.update_folder(update), resume=resume, patience=patience)

    def write_search(self, search: str, *, resume: bool = True, patience: Patience | None = None) -> SearchWriter:
        """Open a search for writing and take its lock; as ``write_run``."""
        return SearchWriter(self.search_folder(search), resume=resume, patience=patience)

    def write_job(self, job: str) -> UpdateWriter | SearchWriter:
        """Open an update or a search for writing; as ``write_run``."""
        return self.write_search(job) if self.is_search(job) else self.write_update(job)

    def delete(self, name: str) -> None:
        """Delete a run, an update or a search by its id; an update's and a search's runs stay.

        Raises ``UserError`` for one in use.
        """
        folder = self._anywhere(name)
        user = self._in_use_by(folder)
        if user:
            raise UserError(f"{folder.name} cannot be deleted while {user} is running and needs it; stop that first.")
        doomed = folder.with_name(f".deleted-{folder.name}-{secrets.token_hex(3)}")
        with written_to(folder.parent):
            self._sweep(folder.parent)
            with unused(folder):
                os.rename(folder, doomed)  # gone at once for every reader; a kill from here on leaves only litter
            shutil.rmtree(doomed, ignore_errors=True)

    def refusal(self) -> str:
        """Why the disk takes nothing into the store now; empty where it does. Leaves nothing behind."""
        probe = self.root / f".room-{secrets.token_hex(3)}.tmp"
        try:
            with written_to(self.root):
                probe.write_bytes(bytes(_ROOM))
        except UserError as error:
            return str(error)
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
        return ""

    def evaluation_folder(self, checkpoint_sha256: str, data_fingerprint: str) -> Path:
        """Where predictions of a weights file on a data set are kept, so that they are computed once."""
        return self.root / "evaluations" / f"{_hex(checkpoint_sha256)}_{_hex(data_fingerprint)}"

    def _job(
        self, shelf: Shelf, record_name: str, recipe: UpdateRecipe | SearchRecipe, title: str, **more: Any
    ) -> Path:
        asked = Asked(title=title, recipe=recipes.to_json(recipe))
        values = {"recipe": asked.recipe, "title": title, "result": None, "members": [], **more}
        return self._created(shelf, new_id(), record_name, values, f"{to_line(asked)}\n")

    def _created(self, shelf: Shelf, name: str, record_name: str, values: dict[str, Any], events: str = "") -> Path:
        folder = self.root / shelf / name
        self._refuse_a_file()
        growing = folder.with_name(f".new-{name}")  # listings pass over it until it is complete
        with written_to(self.root):
            growing.mkdir(parents=True)
            (growing / EVENTS).write_text(events, "utf-8", "backslashreplace")
            write_record(growing / record_name, {"created": time.time(), "outcome": "queued", "message": "", **values})
            os.rename(growing, folder)
        return folder

    def _listed(self, shelf: Shelf, read: Callable[[Path], T]) -> list[T]:
        found: list[T] = []
        problems: list[Problem] = []
        for folder in self._folders(shelf):
            try:
                found.append(read(folder))
            except UserError as error:
                if folder.exists():  # else deleted while we looked
                    problems.append(Problem(folder, str(error)))
        self._problems[shelf] = problems
        return sorted(found, key=lambda item: (item.created, item.id), reverse=True)

    def _folders(self, shelf: Shelf) -> Iterator[Path]:
        try:
            with os.scandir(self.root / shelf) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return self._refuse_a_file()
        except OSError as error:
            raise UserError(f"The store {self.root} could not be read ({error.strerror or error}).") from None
        yield from (self.root / shelf / name for name in names)

    def _refuse_a_file(self) -> None:
        if self.root.exists() and not self.root.is_dir():
            raise UserError(f"The store {self.root} is not a folder; choose another --store.")

    def _resolved(self, shelf: Shelf, name: str) -> Path:
        if found := _only(self._matching(shelf, name), name, shelf):
            return found
        raise UserError(f"There is no {SINGULAR[shelf]} {name!r} in the store {self.root}; see mpt-studio runs.")

    def _anywhere(self, name: str) -> Path:
        found = [folder for shelf in SINGULAR for folder in self._matching(shelf, name)]
        if one := _only(found, name, "runs, updates and searches"):
            return one
        raise UserError(f"There is no run, update or search {name!r} in the store {self.root}.")

    def _matching(self, shelf: Shelf, name: str) -> list[Path]:
        if not name:
            return []
        exact = self.root / shelf / name
        if exact.name == name and name[0] != "." and exact.is_dir():  # the usual case, without a listing
            return [exact]
        return [f for f in self._folders(shelf) if f.name.startswith(name) or f.name.rpartition("_")[2] == name]

    def _in_use_by(self, folder: Path) -> str:
        """What needs the run in ``folder``: its update or search, one that it is the old model of, a pupil; else ""."""
        if folder.parent.name != "runs":
            return ""
        own = next((run.update for run in self.runs() if run.folder == folder), "")
        for what, recipe in [(u, u.recipe) for u in self.updates()] + [(s, s.recipe.update) for s in self.searches()]:
            runs, old = {member.run for member in what.members}, Path(recipe.old)
            if (what.id == own or folder.name in runs or folder in old.parents) and what.is_active:
                return f"the {'search' if isinstance(what, Search) else 'update'} {what.id}"
        return next((f"the run {run.id}" for run in self.runs() if run.is_active and _learns_from(run, folder)), "")

    @staticmethod
    def _sweep(shelf: Path) -> None:
        for litter in shelf.glob(".deleted-*"):
            shutil.rmtree(litter, ignore_errors=True)


def _learns_from(run: Run, folder: Path) -> bool:
    """Whether weights in ``folder`` teach the run."""
    teachers = (run.recipe.old, run.recipe.reference, *run.recipe.ensemble)
    return any(folder in Path(path).parents for path in teachers if path)


def _only(found: list[Path], name: str, what: str) -> Path | None:
    if len(found) > 1:
        folders = a_few([folder.name for folder in found], 3)
        raise UserError(f"{name!r} fits {len(found)} {what} ({folders}); write more of the id.")
    return found[0] if found else None


def _hex(text: str) -> str:
    kept = "".join(c for c in text.lower() if c in "0123456789abcdef")[:32]
    if not kept:
        raise UserError("An evaluation is kept under the hashes of the weights and of the data; one of them is empty.")
    return kept
