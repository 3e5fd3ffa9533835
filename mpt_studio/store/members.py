"""A job of several runs: what it notes of them, and how it ends. An update is one, a search is one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from mpt_studio.events import Outcome
from mpt_studio.store.folder import FolderWriter


@dataclass(frozen=True)
class Member:
    """A run of a job."""

    run: str
    """Id of the run."""
    role: str
    method: str
    label: str


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
