"""A cluster's workers as a job's caller sees them."""

from __future__ import annotations

import os
import platform
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import distributed

from mpt_studio.errors import one_sentence
from mpt_studio.jobs.cluster.beside import SECONDS_BETWEEN_LOOKS
from mpt_studio.jobs.cluster.on_worker import SET_BY_DASK, do, perform
from mpt_studio.jobs.cluster.task import RETRIES, RemoteTask, told
from mpt_studio.jobs.cluster.telling import Tasks, Telling
from mpt_studio.jobs.cluster.versions import versions
from mpt_studio.store import Run, Store
from mpt_studio.store.compute import Waiting

Item = TypeVar("Item")


class ClusterWorkers:
    """``jobs.session.Workers`` of a Dask cluster.

    Args:
        client: connected to its scheduler.
        cluster: what was asked for, as ``--cluster`` took it.
        store: where runs are, also as the workers see it.
        probe: a file in the store that was written here.
        paths: of data and models that the jobs need.
        notes: what the user should know.
    """

    def __init__(
        self,
        client: distributed.Client,
        cluster: str,
        store: Store,
        probe: Path,
        paths: Iterable[str],
        notes: tuple[str, ...],
    ) -> None:
        self._client, self._cluster, self._store, self.notes = client, cluster, store, notes
        self._tasks, self._telling = Tasks(), False
        self.asked: dict[str, Any] = {
            "versions": versions(),
            "machine": platform.node(),
            "store": str(store.root),
            "probe": str(probe),
            "paths": list(paths),
            "environment": {name: value for name in SET_BY_DASK if (value := os.environ.get(name))},
        }

    def train(self, run: Run) -> RemoteTask:
        """Have a worker train a run, as soon as one is free."""
        key = f"{one_sentence(run.title, 80)} {secrets.token_hex(4)}"
        needs = self._needs(run.recipe.training.device)
        asked = {**self.asked, "run": run.id}
        future = self._client.submit(perform, asked, key=key, retries=RETRIES, resources=needs)
        task = RemoteTask(future, run, self._store)
        self._tasks.runs[key] = task
        return task

    @contextmanager
    def told_in(self, folder: Path) -> Iterator[None]:
        """Meanwhile ``store.compute`` of a folder has what they do, unless they are told of in another one already."""
        if self._telling:
            yield
            return
        self._telling, telling = True, Telling(self._client, self._cluster, folder, self._tasks)
        try:
            yield
        finally:
            telling.end()
            self._telling = False

    def plan(self, planned: Sequence[Waiting]) -> None:
        """What the job has them train later, for those who look at the list."""
        self._tasks.planned = tuple(planned)

    def spread(self, work: Callable[[Item], None], items: Sequence[Item]) -> Generator[Item | None, None, None]:
        """Have ``work``, which the workers can import, done with each item, wherever and in whatever order.

        Yields each that is done, and None now and then while none is; closing it calls off what has not begun. An item
        whose worker died is done again, one that failed ``RETRIES`` times more. Raises ``UserError``.
        """
        needs = self._needs("auto")
        item_of = {
            self._client.submit(do, work, item, self.asked, pure=False, retries=RETRIES, resources=needs): item
            for item in items
        }
        self._tasks.parts, self._tasks.all_parts = {future.key for future in item_of}, len(items)
        try:
            while item_of:
                done = [future for future in item_of if future.done()]
                for future in done:
                    told(future)
                    self._tasks.parts.discard(future.key)
                    yield item_of.pop(future)
                if not done:
                    yield None
                    time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            self._tasks.parts = set()
            with suppress(OSError, RuntimeError):
                self._client.cancel(list(item_of))

    def _needs(self, device: str) -> dict[str, float]:
        """A GPU where some workers have one and it is not to be done without."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        has = any("GPU" in worker["resources"] for worker in workers)
        return {"GPU": 1} if has and device in ("auto", "cuda") else {}
