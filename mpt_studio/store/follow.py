"""Following events while they are written: by the window, and by anyone who opens it later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Stage, from_line
from mpt_studio.store.backlog import MOST_STEPS, blocks, stretch_for, worth_reading


class EventTail:
    """Reads an event log from its start, and afterwards what was added.

    Of a long backlog about ``most_steps`` steps are read, those with the least and the greatest losses; 0: all.
    """

    def __init__(self, path: Path, most_steps: int = 0) -> None:
        self._path, self._most_steps = path, most_steps
        self._offset = 0

    def read(self) -> list[Event]:
        """Events of the complete lines since the last call; a torn last line waits for its end."""
        found: list[Event] = []
        with suppress(OSError), self._path.open("rb") as stream:  # not there yet, or no longer
            added = os.fstat(stream.fileno()).st_size - self._offset
            stretch = stretch_for(added, self._most_steps)
            stream.seek(self._offset)
            for block in blocks(stream):
                found += _events(worth_reading(block, stretch) if stretch > 2 else block.split(b"\n"))
                self._offset += len(block)
        return found


def _events(lines: Iterable[bytes]) -> list[Event]:
    read = (from_line(line.decode("utf-8", "replace")) for line in lines if line)
    return [event for event in read if event is not None]


def read_events(path: Path, most_steps: int = 0) -> list[Event]:
    """All events of a log, or of a long one about ``most_steps`` steps and everything else.

    Torn and unknown lines are left out, a missing file has none.
    """
    return EventTail(path, most_steps).read()


class _KnowsFolders(Protocol):
    def run_folder(self, run: str) -> Path: ...
    def update_folder(self, update: str) -> Path: ...


class UpdateTail:
    """An update's events and those of its runs as one stream, in the order in which they happened.

    ``most_steps`` of each run, as ``EventTail`` has it.
    """

    def __init__(self, store: _KnowsFolders, update_id: str, most_steps: int = MOST_STEPS) -> None:
        self._most_steps = most_steps
        self._own = EventTail(store.update_folder(update_id) / "events.jsonl")
        self._folder_of: Callable[[str], Path] = store.run_folder
        self._runs: dict[str, EventTail] = {}

    def read(self) -> list[tuple[str, Event]]:
        """What was added since the last call: ("", event) of the update itself, (run id, event) of its runs.

        A run's log is opened when a ``Stage`` names it. Before each event of the update come the events that its runs
        wrote until then, so that a reader who comes late gets the same order as one who was there.
        """
        own = self._own.read()
        found: list[tuple[str, Event]] = []
        for event in own:
            found += self._read_runs()
            found.append(("", event))
            if isinstance(event, Stage) and event.run and event.run not in self._runs:
                with suppress(UserError):  # a run that was deleted has nothing to tell
                    self._runs[event.run] = EventTail(self._folder_of(event.run) / "events.jsonl", self._most_steps)
        return found + self._read_runs()

    def _read_runs(self) -> list[tuple[str, Event]]:
        return [(run, event) for run, tail in self._runs.items() for event in tail.read()]
