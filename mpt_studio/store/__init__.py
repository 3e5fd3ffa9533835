"""Runs, updates and searches on disk: folders that one writer fills and anyone may read."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.store.follow import EventTail, JobTail
    from mpt_studio.store.marks import Marked, Marks
    from mpt_studio.store.members import Member
    from mpt_studio.store.run import Run, RunWriter
    from mpt_studio.store.search import Search, SearchWriter, Trial, trial_of
    from mpt_studio.store.store import Problem, Store
    from mpt_studio.store.update import Update, UpdateWriter

__getattr__ = names_of(
    __name__,
    {
        "follow": "EventTail JobTail",
        "marks": "Marked Marks",
        "members": "Member",
        "run": "Run RunWriter",
        "search": "Search SearchWriter Trial trial_of",
        "store": "Problem Store",
        "update": "Update UpdateWriter",
    },
)
