"""What runs inside a worker: whether it can do a job at all, and doing it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import distributed

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.cluster.beside import Beside, Died
from mpt_studio.jobs.cluster.versions import unlike, versions
from mpt_studio.store import Run, Store
from mpt_studio.store.lease import BEAT_SECONDS, STALE_SECONDS

SET_BY_DASK = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")
"""In its workers' environment: one thread, on which results depend, and freed memory given back at once, which takes
half of an evaluation's time. Jobs have what is set where they were asked for."""
Item = TypeVar("Item")


class OneAtATime(distributed.WorkerPlugin):  # type: ignore[misc]
    """Has each worker, also those that come later, do one thing at a time, whatever its number of threads: each run
    takes all cores. A resource would say so, too, but what waits for one that a worker gets later waits for ever."""

    name = "mpt-studio"

    def __init__(self, environment: dict[str, str] | None) -> None:
        """Of runs that will come: their process is started at once, where there is none. None where no run comes."""
        self.environment = environment

    def setup(self, worker: distributed.Worker) -> None:
        worker.state.nthreads = 1
        if self.environment is not None and not _KEPT:
            _beside(self.environment)


def misfit(asked: dict[str, Any]) -> str:
    """Why a job cannot be done here, as a sentence; empty where it can.

    ``asked`` has the "versions" and "machine" of who asked, the "store", a "probe" in it, and the "paths" of data
    and models.
    """
    here, found = f"The worker on {platform.node()}", versions()
    for name, wanted in asked["versions"].items():
        if found.get(name) != wanted:
            return unlike(here, name, found.get(name), wanted, asked["machine"])
    if not Path(asked["probe"]).exists():
        return (
            f"{here} does not see the store {asked['store']}; put the store on a disk that all machines share, "
            "under one path, and name it with --store."
        )
    for path in asked["paths"]:
        if not Path(path).exists():
            return f"{here} does not see {one_sentence(path, 200)}; put it where all machines see it, under one path."
    return ""


def about() -> dict[str, str]:
    """Which machine this is, and which of its GPUs the worker was given, as far as that was said."""
    return {"host": platform.node(), "gpu": os.environ.get("CUDA_VISIBLE_DEVICES", "")}


def perform(asked: dict[str, Any]) -> dict[str, Any]:
    """Train a run in the process beside the worker: what that says (``child``), {} where nobody waits for it any more.

    ``asked`` has what ``misfit`` expects, the "run" and the "environment" of its process. Raises ``Died``.
    """
    if why := misfit(asked):
        return {"error": why}
    is_unwanted, run = _is_unwanted(), Store(Path(asked["store"])).run(asked["run"])
    _wait_for_its_writer(run, is_unwanted)
    order = {"run": run.id, "store": asked["store"], "log": str(run.folder / "log.txt")}
    said = _beside(asked["environment"]).train(order, is_unwanted)
    if not said and not is_unwanted():
        raise Died(f"The training's process was ended on {platform.node()}.")
    return said


def do(work: Callable[[Item], None], item: Item, asked: dict[str, Any]) -> None:
    """Part of a larger job, in the worker's own process, which keeps what it has loaded for the next part."""
    if why := misfit(asked):
        raise UserError(why)
    for name in SET_BY_DASK:
        os.environ.pop(name, None)
    os.environ.update(asked["environment"])
    work(item)


def _is_unwanted() -> Callable[[], bool]:
    """Whether the task that this is was cancelled, or its client is gone, or its worker ends."""
    try:
        worker = distributed.get_worker()
    except ValueError:  # no worker
        return lambda: False
    key, ends = worker.get_current_task(), ("closing", "closing_gracefully", "closed", "failed", "stopping")

    def is_unwanted() -> bool:
        state = getattr(worker.state.tasks.get(key), "state", "forgotten")
        return state in ("cancelled", "released", "forgotten") or worker.status.name in ends

    return is_unwanted


def _wait_for_its_writer(run: Run, is_unwanted: Callable[[], bool]) -> None:
    """A worker that died may have left a process that is just saving, or a lease that is not stale yet."""
    until = time.monotonic() + STALE_SECONDS + 2 * BEAT_SECONDS
    while time.monotonic() < until and not is_unwanted() and run.is_active:
        time.sleep(1)


_KEPT: list[Beside] = []
"""One at most."""


def _beside(asked: dict[str, str]) -> Beside:
    """The worker's process for runs, in the environment of who asks; a new one where there is none like that."""
    own = {name: value for name, value in os.environ.items() if name not in SET_BY_DASK}
    environment = {**own, **asked}
    if _KEPT and not (_KEPT[0].is_there and _KEPT[0].environment == environment):
        _KEPT.pop().end()
    if not _KEPT:
        _KEPT.append(Beside(environment))
    return _KEPT[0]
