"""One update: the job that trains and compares several runs; its folder holds the plan and the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store.entry import StoreEntry
from mpt_studio.store.folder import settled
from mpt_studio.store.members import JobWriter, Member
from mpt_studio.store.record import State, UpdateFields, check_fields, read_recipe, read_record
from mpt_studio.store.said import read_said

RECORD = "update.json"


@dataclass(frozen=True)
class Update(StoreEntry):
    """An update as its ``update.json`` told when it was read."""

    recipe: UpdateRecipe
    title: str
    """The name that it was given, or the one that it began with."""
    created: float
    """Seconds since 1970."""
    outcome: State
    message: str
    result: dict[str, Any] | None
    """Data, old model, candidates with their figures, recommendation; None before the end."""
    members: tuple[Member, ...]
    ended: float | None = None
    """When it ended, seconds since 1970."""


def read_update(folder: Path) -> Update:
    """Read ``update.json`` and nothing else. Raises ``UserError`` for damaged or newer ones."""
    path = folder / RECORD
    values = settled(folder, lambda: read_record(path))
    check_fields(UpdateFields, path, values)
    return Update(
        id=folder.name,
        folder=folder,
        recipe=read_recipe(UpdateRecipe, path, values["recipe"]),
        title=read_said(folder).name or values["title"],
        created=values["created"],
        outcome=values["outcome"],
        message=values["message"],
        result=values["result"],
        members=tuple(Member(m["run"], m["role"], m["method"], m["label"]) for m in values["members"]),
        ended=values.get("ended"),
    )


class UpdateWriter(JobWriter):
    """Writes one update; holds its lock."""

    record_name = RECORD

    @property
    def update(self) -> Update:
        """The update as it is on disk now."""
        return read_update(self.folder)
