"""One update: the job that trains and compares several runs; its folder holds the plan and the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store.members import Job, JobWriter, job_values
from mpt_studio.store.record import UpdateFields

RECORD = "update.json"


@dataclass(frozen=True, kw_only=True)
class Update(Job):
    """An update as its ``update.json`` told when it was read."""

    recipe: UpdateRecipe


def read_update(folder: Path) -> Update:
    """Read ``update.json`` and nothing else. Raises ``UserError`` for damaged or newer ones."""
    return Update(**job_values(Update, folder / RECORD, UpdateFields, UpdateRecipe))


class UpdateWriter(JobWriter):
    """Writes one update; holds its lock."""

    record_name = RECORD

    @property
    def update(self) -> Update:
        """The update as it is on disk now."""
        return read_update(self.folder)
