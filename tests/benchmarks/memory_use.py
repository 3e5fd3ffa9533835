"""Memory of a process and all that it started, shared pages counted once; nothing on other systems than Linux."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

SECONDS_BETWEEN_LOOKS = 0.5


class MemoryUse:
    """Looks at a process's tree twice a second while it is entered; ``peak`` is in bytes, 0 where it is unknown."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryUse:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._left.wait(SECONDS_BETWEEN_LOOKS):
            self.peak = max(self.peak, memory_of_tree(self._pid))


def memory_of_tree(pid: int) -> int:
    """Bytes of the processes' proportional shares ("Pss") at this moment."""
    return _share(pid) + sum(memory_of_tree(child) for child in _children(pid))


def _share(pid: int) -> int:
    for line in _lines(Path(f"/proc/{pid}/smaps_rollup")):
        name, _, value = line.partition(":")
        if name == "Pss":
            return int(value.split()[0]) * 1024
    return 0


def _children(pid: int) -> list[int]:
    """Started by any of the process's threads."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for path in lists for line in _lines(path) for word in line.split()]


def _lines(path: Path) -> list[str]:
    """None of a process that has ended meanwhile."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
