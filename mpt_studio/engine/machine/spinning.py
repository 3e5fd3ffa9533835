"""Whether the CPU's threads spin while they wait for each other: as long as the cores are ours.

A thread of GNU's OpenMP that has done its part spins ``GOMP_SPINCOUNT`` times (see ``before_torch.WAITING``), some
milliseconds, and then sleeps. To be woken takes long, above all in virtual machines; but beside other busy programs a
thread that spins holds up the one that it waits for. The small network's step with two teachers on two cores, in ms:
spinning 64, sleeping 95; beside one busy process 240 and 139, beside two 244 and 181. (More cores were not at hand.)

There is no call to change it while a program runs. But a library that manages more threads than there are processors
lets them sleep at once (``gomp_managed_threads``, ``gomp_available_cpus`` and ``gomp_throttled_spin_count_var`` in
libgomp's env.c, team.c and wait.h, the same for many years), and looks at these numbers each time threads wait. So
while the cores are crowded, a thread of ours holds as many idle ones as make it so.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from pathlib import Path

import torch

from mpt_studio.engine.machine.before_torch import WAITING

log = logging.getLogger(__name__)
SECONDS_MEASURED = 0.3
SHORTEST_SLEEP, LONGEST_SLEEP = 0.5, 8.0
"""Seconds until spinning is tried again, twice as many each time that the cores are still crowded. Threads that sleep
leave cores idle themselves, so only spinning tells who is there; the window, which paints an epoch, is soon gone."""
MOST_PROCESSORS = 64
"""Beyond, so many idle threads are not worth it, nor are so many processors all ours."""
_PROCESSORS = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 0
"""That we may use, as the library counts them when it is loaded."""


class Spinning:
    """A context around each piece of computing, such as a step, that measures and adapts; ``end`` it after the last.

    Nothing happens on another device, without GNU's OpenMP, with a single thread, or where the user has set how threads
    wait. Processes that are forked meanwhile inherit at most that their threads sleep.
    """

    def __init__(self, device: torch.device) -> None:
        self._suits = device.type == "cpu" and 1 < _PROCESSORS <= MOST_PROCESSORS and _is_ours()
        self._idle: _IdleThreads | None = None
        self._asleep_since, self._sleep = 0.0, SHORTEST_SLEEP
        self._forget()

    @property
    def asleep(self) -> bool:
        """Whether threads that wait sleep at once."""
        return self._idle is not None

    def __enter__(self) -> None:
        self._began = time.monotonic(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self._seconds += time.monotonic() - self._began[0]
        self._computed += time.process_time() - self._began[1]
        if self._suits and self._seconds >= SECONDS_MEASURED:
            self._adapt(self._computed / self._seconds)
            self._forget()

    def end(self) -> None:
        """Threads spin again."""
        if self._idle is not None:
            self._idle.end()
            self._idle = None

    def _adapt(self, cores: float) -> None:
        """``cores``: how many of them we had on average."""
        if self.asleep:
            if time.monotonic() - self._asleep_since > self._sleep:
                self._sleep = min(2 * self._sleep, LONGEST_SLEEP)
                self.end()
        elif is_crowded(cores, torch.get_num_threads()):
            self._idle, self._asleep_since = _IdleThreads(_libraries()), time.monotonic()
            log.info("Threads sleep while they wait: we had %.2f cores for %d.", cores, torch.get_num_threads())
        else:
            self._sleep = SHORTEST_SLEEP

    def _forget(self) -> None:
        self._seconds = self._computed = 0.0


def is_crowded(cores: float, threads: int) -> bool:
    """Whether ``threads`` that spin had fewer cores than midway between all and those left by one more busy thread."""
    all_of_them, beside_another = threads, threads * threads / (threads + 1)
    return threads > 1 and cores < (all_of_them + beside_another) / 2


class _IdleThreads:
    """A thread that keeps one more idle thread of OpenMP's than there are processors, from now until ``end``.

    They belong to the thread that called for them and go when it ends.
    """

    def __init__(self, libraries: list[ctypes.CDLL]) -> None:
        self._libraries = libraries
        self._are_there, self._are_unneeded = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeps idle threads", daemon=True)
        self._thread.start()
        self._are_there.wait()

    def _keep(self) -> None:
        try:
            nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)  # free(NULL): work without an interpreter
            for library in self._libraries:
                library.GOMP_parallel(nothing, None, ctypes.c_uint(_PROCESSORS + 1), ctypes.c_uint(0))
        finally:
            self._are_there.set()
        self._are_unneeded.wait()

    def end(self) -> None:
        self._are_unneeded.set()
        self._thread.join()


def _is_ours() -> bool:
    return WAITING.items() <= os.environ.items()


def _libraries(maps: Path = Path("/proc/self/maps")) -> list[ctypes.CDLL]:
    """Every copy of GNU's OpenMP in this process: torch's, and perhaps one that compiled code has brought."""
    try:
        fields = [line.split(maxsplit=5) for line in maps.read_text().splitlines()]
        places = sorted({parts[5] for parts in fields if len(parts) == 6 and _is_openmp(Path(parts[5]).name)})
        return [library for library in map(ctypes.CDLL, places) if hasattr(library, "GOMP_parallel")]
    except OSError:  # no such folder, or a file that was replaced since: threads spin on
        return []


def _is_openmp(name: str) -> bool:
    return name.startswith(("libgomp.so", "libgomp-")) and not name.startswith("libgomp-plugin")
