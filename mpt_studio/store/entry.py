"""What a run and an update have in common for a reader: a folder with an event log that someone may be writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mpt_studio.events import Event
from mpt_studio.store.folder import EVENTS, is_locked
from mpt_studio.store.said import Said, read_said


@dataclass(frozen=True)
class StoreEntry:
    """One folder of the store, as its record told when it was read."""

    id: str
    folder: Path

    @property
    def events_path(self) -> Path:
        return self.folder / EVENTS

    @cached_property
    def said(self) -> Said:
        """What people said of it when it was read: its name, tags and note."""
        return read_said(self.folder)

    def events(self) -> Iterator[Event]:
        """What happened so far; an update's runs have their own."""
        from mpt_studio.store.follow import EventTail

        return EventTail(self.events_path).read()

    @property
    def is_active(self) -> bool:
        """Whether a process writes it now."""
        return is_locked(self.folder)
