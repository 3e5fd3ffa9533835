"""What a run and an update have in common for a reader: a folder with an event log that someone may be writing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mpt_studio.events import Event
from mpt_studio.store.folder import EVENTS, is_locked
from mpt_studio.store.follow import read_events


@dataclass(frozen=True)
class StoreEntry:
    """One folder of the store, as its record told when it was read."""

    id: str
    folder: Path

    @property
    def events_path(self) -> Path:
        return self.folder / EVENTS

    def events(self, most_steps: int = 0) -> list[Event]:
        """What happened so far, of a long run about ``most_steps`` steps (0: all); an update's runs have their own."""
        return read_events(self.events_path, most_steps)

    @property
    def is_active(self) -> bool:
        """Whether a process writes it now."""
        return is_locked(self.folder)
