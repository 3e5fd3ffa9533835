"""Runs and updates on disk: folders that one writer fills and anyone may read."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.store.follow import EventTail, UpdateTail
    from mpt_studio.store.marks import Marked, Marks
    from mpt_studio.store.run import Run, RunWriter
    from mpt_studio.store.store import Problem, Store
    from mpt_studio.store.update import Member, Update, UpdateWriter

__getattr__ = names_of(
    __name__,
    {
        "follow": "EventTail UpdateTail",
        "marks": "Marked Marks",
        "run": "Run RunWriter",
        "store": "Problem Store",
        "update": "Member Update UpdateWriter",
    },
)
