"""How long a run worked: from its events, without pauses and without what lay between two attempts."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from mpt_studio.files import plain

_LINE = re.compile(
    rb'^\{"event":"(\w+)","time":([0-9]{1,11}(?:\.[0-9]+)?)(?=[,}])(?:,"paused":(true|false))?', re.MULTILINE
)
"""How ``events.to_line`` begins a line; whatever does not fit tells nothing of time."""


class Stopwatch:
    """Told each event of a run in their order."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since: float | None = None

    def feed(self, kind: str, time: float, paused: bool = False) -> None:
        """``kind`` is the event's; ``paused`` says whether a "paused" one begins or ends a pause."""
        begins = kind == "started"  # what lies before was another attempt, and the time between was not worked
        if self._since is not None and not begins:
            self.seconds += max(0.0, time - self._since)
        if begins or self._since is not None or (kind == "paused" and not paused):
            self._since = None if paused else time


def seconds_worked(events: Path) -> float:
    """Of the run whose event log this is; 0 where nothing was done or it cannot be read."""
    try:
        status = events.stat()
    except OSError:
        return 0.0
    return _counted(events, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _counted(events: Path, _size: int, _changed: int) -> float:
    """Read once per state of the file, and never as JSON: a list of runs asks it of all of them."""
    watch = Stopwatch()
    try:
        content = plain.read(events)
    except OSError:
        return 0.0
    for kind, time, paused in _LINE.findall(content):
        watch.feed(kind.decode(), float(time), paused == b"true")
    return watch.seconds
