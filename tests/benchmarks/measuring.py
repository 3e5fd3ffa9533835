"""Clocks and memory for the scripts. Milliseconds and megabytes throughout."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from table import OWN


def ms(work: Callable[[], Any]) -> float:
    """By the clock; with ``--own`` only what this thread computes."""
    now = time.thread_time if OWN in os.environ else time.perf_counter
    start = now()
    work()
    return 1000 * (now() - start)


def both(work: Callable[[], Any]) -> tuple[float, float]:
    """By the clock, and of this thread's own computing: without waiting for other threads and programs."""
    start = time.thread_time()
    return ms(work), 1000 * (time.thread_time() - start)


def best(work: Callable[[], Any], times: int = 3) -> float:
    """The shortest of several."""
    return min(ms(work) for _ in range(times))


def spread(name: str, frames: list[tuple[float, float]]) -> dict[str, float]:
    """Median and 99th percentile of frames, by the clock and of own computing."""
    clock, own = np.array(frames).T
    return {
        f"{name}_median": float(np.median(clock)),
        f"{name}_99th": float(np.percentile(clock, 99)),
        f"{name}_own_median": float(np.median(own)),
        f"{name}_own_99th": float(np.percentile(own, 99)),
    }


class PeakMemory(threading.Thread):
    """Watches the process's private memory from now on."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._before = self._most = private_mb()
        self._done = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._done.wait(0.005):
            self._most = max(self._most, private_mb())

    def stop(self) -> float:
        """How much was added at most."""
        self._done.set()
        self.join()
        return round(self._most - self._before, 1)


def private_mb() -> float:
    """Pages of mapped files do not count."""
    status = Path("/proc/self/status").read_text()
    anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(anonymous.split()[1]) / 1024
