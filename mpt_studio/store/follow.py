"""Following events while they are written: by the window, and by anyone who opens it later."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Stage, from_line


class EventTail:
    """Reads an event log from its start, and afterwards what was added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[Event]:
        """Events of the complete lines since the last call; a torn last line waits for its end."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                added = stream.read()
        except OSError:  # not there yet, or no longer
            return []
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        read = (from_line(line.decode("utf-8", "replace")) for line in whole.split(b"\n") if line)
        return [event for event in read if event is not None]


def read_events(path: Path) -> list[Event]:
    """All events of a log; torn and unknown lines are left out, a missing file has none."""
    return EventTail(path).read()


class _KnowsFolders(Protocol):
    def run_folder(self, run: str) -> Path: ...
    def update_folder(self, update: str) -> Path: ...


class UpdateTail:
    """An update's events and those of its runs as one stream, in the order in which they happened."""

    def __init__(self, store: _KnowsFolders, update_id: str) -> None:
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
                    self._runs[event.run] = EventTail(self._folder_of(event.run) / "events.jsonl")
        return found + self._read_runs()

    def _read_runs(self) -> list[tuple[str, Event]]:
        return [(run, event) for run, tail in self._runs.items() for event in tail.read()]
