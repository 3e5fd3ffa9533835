"""Following events while they are written: by the window, and by anyone who opens it later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Stage, from_line
from mpt_studio.files import plain


class EventTail:
    """Reads an event log from its start, and afterwards what was added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[Event]:
        """Events of the complete lines since the last one that was taken; a torn last line waits for its end."""
        with suppress(OSError), os.fdopen(plain.handle_of(self._path), "rb") as stream:  # not there yet, or no file
            stream.seek(self._offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                event = from_line(line.decode("utf-8", "replace"))
                if event is not None:
                    yield event


class _KnowsFolders(Protocol):
    def run_folder(self, run: str) -> Path: ...
    def job_folder(self, job: str) -> Path: ...


class JobTail:
    """An update's or a search's events and those of its runs as one stream, in the order in which they happened."""

    def __init__(self, store: _KnowsFolders, job_id: str) -> None:
        self._own = EventTail(store.job_folder(job_id) / "events.jsonl")
        self._folder_of: Callable[[str], Path] = store.run_folder
        self._runs: dict[str, EventTail] = {}

    def read(self) -> Iterator[tuple[str, Event]]:
        """What was added since the last call: ("", event) of the job itself, (run id, event) of its runs.

        A run's log is opened when a ``Stage`` names it. Before each event of the job come the events that its runs
        wrote until then, so that a reader who comes late gets the same order as one who was there.
        """
        for event in self._own.read():
            yield from self._read_runs()
            yield "", event
            if isinstance(event, Stage) and event.run and event.run not in self._runs:
                with suppress(UserError):  # a run that was deleted has nothing to tell
                    self._runs[event.run] = EventTail(self._folder_of(event.run) / "events.jsonl")
        yield from self._read_runs()

    def _read_runs(self) -> Iterator[tuple[str, Event]]:
        return ((run, event) for run, tail in self._runs.items() for event in tail.read())
