"""A job of several runs: what it notes of them, and how it ends. An update is one, a search is one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.events import Outcome
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store.entry import StoreEntry, read_values
from mpt_studio.store.folder import FolderWriter
from mpt_studio.store.record import SearchFields, State, UpdateFields
from mpt_studio.store.said import read_said


@dataclass(frozen=True)
class Member:
    """A run of a job."""

    run: str
    """Id of the run."""
    role: str
    method: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Job(StoreEntry):
    """A job as its record told when it was read."""

    title: str
    """The name that it was given, or the one that it began with."""
    created: float
    """Seconds since 1970."""
    outcome: State
    message: str
    result: dict[str, Any] | None
    """What it came to, as ``--json`` prints it; None before the end."""
    members: tuple[Member, ...]
    ended: float | None = None
    """When it ended, seconds since 1970."""


def job_values(
    kind: type[Job],
    path: Path,
    fields: type[UpdateFields | SearchFields],
    recipe: type[UpdateRecipe | SearchRecipe],
) -> dict[str, Any]:
    """As ``read_values``, with members and title."""
    values = read_values(kind, path, fields, recipe)
    members = tuple(Member(m["run"], m["role"], m["method"], m["label"]) for m in values["members"])
    return values | {"members": members, "title": read_said(path.parent).name or values["title"]}


class JobWriter(FolderWriter):
    """Writes one job of several runs; holds its lock."""

    @property
    def members(self) -> tuple[Member, ...]:
        """Its runs, in the order in which they came."""
        return tuple(Member(**known) for known in self._record["members"])

    def add_member(self, member: Member) -> None:
        """Note a run of this job; one that is known already is replaced in its place."""
        members = {known["run"]: known for known in self._record["members"]}
        self.set(members=list((members | {member.run: dataclasses.asdict(member)}).values()))

    def finish(self, outcome: Outcome, message: str = "", result: dict[str, Any] | None = None) -> None:
        """The job's last word: appends ``Ended``, then notes outcome and result."""
        self._end(outcome, message, result=self._record.get("result") if result is None else result)
