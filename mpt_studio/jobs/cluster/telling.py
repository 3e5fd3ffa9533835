"""Tells in a job's folder what the workers of its cluster do, as ``store.compute`` has it.

A thread asks Dask once a second, and writes what has changed: a scheduler that does not answer holds up nobody.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import distributed

from mpt_studio.jobs.cluster.on_worker import about
from mpt_studio.store.compute import Compute, Deed, Waiting, Worker, drop_compute, write_compute

if TYPE_CHECKING:
    from mpt_studio.jobs.cluster.task import RemoteTask

log = logging.getLogger(__name__)
SECONDS = 1.0
_TIMES = 5
"""So many times as long as a look took it waits for the next one: many workers are looked at more seldom."""
_SECONDS_TO_END = 5.0


class Tasks:
    """What was asked of the workers and is not over yet."""

    def __init__(self) -> None:
        self.runs: dict[str, RemoteTask] = {}
        """By their keys."""
        self.trained = 0
        self.parts = set[str]()
        """Keys of what is left of the data that are answered now."""
        self.all_parts = 0
        self.planned: Sequence[Waiting] = ()
        """What the job begins later."""

    def settle(self) -> None:
        """Forget the runs that have ended, in whatever way."""
        for task in [task for task in list(self.runs.values()) if task.is_over()]:
            self.trained += task.outcome in ("done", "stopped")
            del self.runs[task.key]


class Telling:
    """Writes ``compute.json`` of a folder until ``end``."""

    def __init__(self, client: distributed.Client, cluster: str, folder: Path, tasks: Tasks) -> None:
        self._client, self._cluster, self._folder, self._tasks = client, cluster, folder, tasks
        self._machines: dict[str, tuple[str, str]] = {}
        """Host and GPU of each worker, by its address."""
        self._before: dict[str, Worker] = {}
        self._told: Compute | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="list of compute", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """The job is over, or has the cluster no more."""
        self._over.set()
        self._thread.join(_SECONDS_TO_END)
        drop_compute(self._folder)

    def _tell(self) -> None:
        wait = 0.0
        while not self._over.wait(wait):
            began = time.monotonic()
            try:
                self._look()
            except Exception as error:  # of a scheduler or a disk that is away; the job itself says so where it matters
                log.debug("Looking at the workers failed: %s", error)
            wait = max(SECONDS, _TIMES * (time.monotonic() - began))

    def _look(self) -> None:
        compute = self._seen()
        if compute != self._told and not self._over.is_set():
            write_compute(self._folder, compute)
            self._told = compute

    def _seen(self) -> Compute:
        self._tasks.settle()
        known: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        doing: dict[str, Sequence[str]] = self._client.processing()
        self._get_to_know([address for address in known if address not in self._machines])
        workers = [self._worker(address, known[address], doing.get(address, ())) for address in known]
        self._before = {worker.name: worker for worker in workers}
        taken, tasks = {worker.run for worker in workers}, self._tasks
        idle = [task for task in list(tasks.runs.values()) if task.run_id not in taken]
        left = len(tasks.parts)
        return Compute(
            self._cluster,
            tuple(sorted(workers, key=lambda worker: (len(worker.name), worker.name))),
            (*(Waiting(task.label, since=task.since) for task in idle), *tasks.planned),
            tasks.trained,
            (tasks.all_parts - left, tasks.all_parts) if left else (0, 0),
        )

    def _get_to_know(self, fresh: list[str]) -> None:
        """Host and GPU, which Dask does not tell of its workers."""
        if fresh:
            answers = self._client.run(about, workers=fresh, on_error="ignore")
            self._machines |= {address: (said["host"], said["gpu"]) for address, said in answers.items()}

    def _worker(self, address: str, known: dict[str, Any], keys: Sequence[str]) -> Worker:
        host, gpu = self._machines.get(address, (str(known["host"]), ""))
        gpu = f"GPU {gpu}".strip() if "GPU" in known["resources"] else ""
        made = Worker(str(known["name"]), host, gpu, *self._deed(keys))
        before = self._before.get(made.name)
        same = before is not None and dataclasses.replace(before, since=0.0) == made
        return before if same and before else dataclasses.replace(made, since=time.time())

    def _deed(self, keys: Sequence[str]) -> tuple[Deed, str]:
        """What a worker that was given these tasks does, and the run's id: one after the other, and some only wait."""
        mine = [task for key in keys if (task := self._tasks.runs.get(key)) is not None]
        if mine:
            return "run", next((task for task in mine if task.outcome in ("running", "paused")), mine[0]).run_id
        if any(key in self._tasks.parts for key in keys):
            return "part", ""
        return ("other" if keys else "nothing"), ""
