"""How the CPU's threads wait for each other: they look while the cores are ours, and sleep while others want them.

A thread of GNU's OpenMP that has done its part looks for more ``GOMP_SPINCOUNT`` times (see ``engine.WAITING``), some
milliseconds, and then sleeps. To be woken takes long, above all in virtual machines; but beside other busy programs a
thread that looks holds up the one that it waits for. The small network's step with two teachers, two cores, in ms:
looking 64, sleeping 95; beside one busy process 240 and 139, beside two 244 and 181.

There is no call to change it while a program runs, but the library looks a hundred times only while a process keeps
more of its threads than there are processors. So some that do nothing are kept as long as the cores are crowded.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time

import torch

from mpt_studio import engine

SECONDS_MEASURED = 0.1
SECONDS_ASLEEP = 5.0
"""Then it is tried again: threads that sleep leave cores idle themselves, so only looking tells who else is there."""


class Waiting:
    """Whether threads look or sleep, for a loop that computes: ``look`` in it, ``end`` behind it.

    Nothing is done on another device, without GNU's OpenMP, with a single thread, or where the user has set how threads
    wait.
    """

    def __init__(self, device: torch.device, seconds_asleep: float = SECONDS_ASLEEP) -> None:
        self._seconds_asleep = seconds_asleep
        self._library = _library() if device.type == "cpu" and _is_ours() else None
        self._keeper: _Keeper | None = None
        self._asleep_since = 0.0
        self.start()

    @property
    def asleep(self) -> bool:
        """Whether waiting threads sleep at once."""
        return self._keeper is not None

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> None:
        """Computing begins now, or goes on after something else."""
        self._threads = torch.get_num_threads()
        self._began, self._computed = time.monotonic(), time.process_time()

    def look(self) -> None:
        """Change how threads wait where it pays. Costs nothing and may be called at every step."""
        seconds = time.monotonic() - self._began
        if self._library is None or self._threads == 1 or seconds < SECONDS_MEASURED:
            return
        if self.asleep:
            if time.monotonic() - self._asleep_since > self._seconds_asleep:
                self.end()
        elif time.process_time() - self._computed < seconds * self._threads * self._least_share():
            self._keeper = _Keeper(self._library, max(2, (os.cpu_count() or 1) - self._threads + 2))
            self._asleep_since = time.monotonic()
        self.start()

    def end(self) -> None:
        """Threads look again."""
        if self._keeper is not None:
            self._keeper.end()
            self._keeper = None

    def _least_share(self) -> float:
        """Of the cores' time, midway between having all and sharing them with one more thread that never rests."""
        return 1 - 0.5 / (self._threads + 1)


class _Keeper:
    """A thread that has ``threads`` of OpenMP's, itself among them, and does nothing."""

    def __init__(self, library: ctypes.CDLL, threads: int) -> None:
        self._library, self._threads = library, threads
        self._ready, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeps threads asleep", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _keep(self) -> None:
        nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)  # free(NULL), which needs no interpreter
        self._library.GOMP_parallel(nothing, None, ctypes.c_uint(self._threads), ctypes.c_uint(0))
        self._ready.set()
        self._done.wait()

    def end(self) -> None:
        self._done.set()
        self._thread.join()


def _is_ours() -> bool:
    return engine.WAITING.items() <= os.environ.items()


def _library() -> ctypes.CDLL | None:
    """GNU's OpenMP as torch has loaded it."""
    if sys.platform != "linux":
        return None
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "libgomp" in line}
    library = ctypes.CDLL(paths.pop()) if len(paths) == 1 else None
    return library if hasattr(library, "GOMP_parallel") else None
