"""What runs inside a worker: whether it can do a job at all, and keeping the job's process until it has ended."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import distributed

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.cluster.versions import unlike, versions
from mpt_studio.store import Run, Store
from mpt_studio.store.lease import BEAT_SECONDS, STALE_SECONDS

SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_TO_END = 120.0
"""A job that was told to end gets so long to save what it has."""
SET_BY_DASK = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")
"""In its workers' environment: one thread, on which results depend, and freed memory given back at once, which takes
half of an evaluation's time. Jobs have what is set where they were asked for."""
Item = TypeVar("Item")


class Died(Exception):  # noqa: N818 - what happened
    """A run's process ended without a word; Dask tries again, and it goes on from its last saved state."""


class OneAtATime(distributed.WorkerPlugin):  # type: ignore[misc]
    """Has each worker, also those that come later, do one thing at a time, whatever its number of threads: each run
    takes all cores. A resource would say so, too, but what waits for one that a worker gets later waits for ever."""

    name = "mpt-studio"

    def setup(self, worker: distributed.Worker) -> None:
        worker.state.nthreads = 1


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


def perform(asked: dict[str, Any]) -> dict[str, Any]:
    """Train a run in a process of its own: what that says (``child``), {} where nobody waits for it any more.

    ``asked`` has what ``misfit`` expects, the "run" and the "environment" of its process. Raises ``Died``.
    """
    if why := misfit(asked):
        return {"error": why}
    is_unwanted, run = _is_unwanted(), Store(Path(asked["store"])).run(asked["run"])
    _wait_for_its_writer(run, is_unwanted)
    said = _said(asked, run.folder / "log.txt", is_unwanted)
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


def _said(asked: dict[str, Any], log: Path, is_unwanted: Callable[[], bool]) -> dict[str, Any]:
    with _process(asked, log) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(OSError):  # it has ended already
            child.stdin.write(json.dumps({"run": asked["run"], "store": asked["store"]}) + "\n")
            child.stdin.flush()
        while child.poll() is None and not is_unwanted():
            time.sleep(SECONDS_BETWEEN_LOOKS)
        with suppress(OSError):
            child.stdin.close()  # it ends, where it has not
        try:
            child.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            child.kill()
        last = child.stdout.read().strip()
    if child.returncode:
        raise Died(_death(child.returncode))
    said: dict[str, Any] = json.loads(last) if last else {}
    return said


def _process(asked: dict[str, Any], log: Path) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if name not in SET_BY_DASK}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "mpt_studio.jobs.cluster.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            encoding="utf-8",
            env={**own, **asked["environment"], "PYTHONIOENCODING": "utf-8"},
            start_new_session=os.name != "nt",
        )


def _death(code: int) -> str:
    if code in (-9, 137):
        return f"The system killed the training on {platform.node()}, most likely for lack of memory."
    return f"The training's process on {platform.node()} ended with code {code}."
