"""Runs and updates on disk: folders that one writer fills and anyone may read."""

from mpt_studio.store.follow import EventTail, UpdateTail
from mpt_studio.store.marks import Marked, Marks
from mpt_studio.store.run import Run, RunWriter
from mpt_studio.store.store import Store
from mpt_studio.store.update import Member, Update, UpdateWriter

__all__ = [
    "EventTail",
    "Marked",
    "Marks",
    "Member",
    "Run",
    "RunWriter",
    "Store",
    "Update",
    "UpdateTail",
    "UpdateWriter",
]
