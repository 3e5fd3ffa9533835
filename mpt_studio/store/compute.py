"""Who works for a job that has a cluster, and what waits: a file of its folder, written by the job, followed by anyone.

It is there as long as the job has the cluster; what a process that was killed left behind counts no more.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mpt_studio import paths
from mpt_studio.files import plain
from mpt_studio.made_of import made_of
from mpt_studio.store.entry import StoreEntry
from mpt_studio.units import count

FILE = "compute.json"
_MOST_BYTES = 16 << 20
_DAY = 20 * 3600
Named = Callable[[str], str]
"""What is known of a run by its id, as "MPT (KL), epoch 3 of 10"; empty where nothing is."""


Deed = Literal["nothing", "run", "part", "other"]
"""Trains a run of the job, answers a part of the data for it, or works for another job."""


@dataclass(frozen=True)
class Worker:
    """A worker of the cluster."""

    name: str
    """As Dask has it."""
    host: str = ""
    gpu: str = ""
    """Which GPU it was given; empty where it was given none."""
    does: Deed = "nothing"
    run: str = ""
    """Id of the run."""
    since: float = 0.0
    """Seconds since 1970."""

    @property
    def place(self) -> str:
        """Where it is, without the domain: "node17, GPU 0"."""
        host = self.host if self.host[:1].isdigit() else self.host.partition(".")[0]
        return ", ".join(filter(None, (host, self.gpu)))

    def said(self, named: Named) -> str:
        """What it is at: the version that it trains, or what else."""
        if self.does == "run":
            return named(self.run) or self.run
        return {"nothing": "free", "part": "answers part of the data", "other": "another job"}[self.does]


@dataclass(frozen=True)
class Waiting:
    """A version that waits to be trained."""

    label: str
    teachers: tuple[str, ...] = ()
    """Versions that come before it, by their labels; where there are none it waits for a worker."""
    since: float = 0.0


@dataclass(frozen=True)
class Compute:
    """A job's cluster as it was a moment ago."""

    cluster: str
    """As ``--cluster`` took it."""
    workers: tuple[Worker, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    trained: int = 0
    """Runs that the workers have ended."""
    parts: tuple[int, int] = (0, 0)
    """Of the data that are answered now: how many parts are, and how many there are."""

    @property
    def summary(self) -> str:
        """In a line: "2 workers, 1 of them free · 3 versions wait · 4 trained"."""
        said = [count(len(self.workers), "worker") + self._free()]
        if self.waiting:
            waits = "waits" if len(self.waiting) == 1 else "wait"
            said.append(f"{count(len(self.waiting), 'version')} {waits}")
        if self.parts[1]:
            said.append(f"{self.parts[0]} of {count(self.parts[1], 'part')} of the data answered")
        return "  ·  ".join([*said, f"{self.trained} trained"])

    def _free(self) -> str:
        free = sum(worker.does == "nothing" for worker in self.workers)
        if free == len(self.workers):
            return ", all free" if free > 1 else ", free" * free
        return f", {free} of them free" if free else ""


def clock(since: float) -> str:
    """Since when: the time of the day, with the date where that is not clear."""
    old = time.time() - since > _DAY
    return time.strftime("%d %b %H:%M" if old else "%H:%M", time.localtime(since)) if since else ""


def write_compute(folder: Path, compute: Compute) -> None:
    """Put it in the place of the last one. Raises ``OSError``."""
    paths.write_text(folder / FILE, json.dumps(dataclasses.asdict(compute)), durable=False)


def drop_compute(folder: Path) -> None:
    """The job has no cluster any more."""
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)


def read_compute(folder: Path) -> Compute | None:
    """What a job's folder says; None where it has no cluster, or what it says makes no sense."""
    try:
        return made_of(Compute, json.loads(plain.read(folder / FILE, _MOST_BYTES)))
    except (OSError, ValueError, RecursionError):
        return None


def compute_of(entry: StoreEntry) -> Compute | None:
    """Of a job or a run that is being written."""
    found = read_compute(entry.folder)
    return found if found is not None and entry.is_active else None
