"""While workers do a job, its folder tells who does what and what waits for whom."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.store import Store
from mpt_studio.store.compute import Compute, read_compute

from .conftest import distributed, recipe_on
from .test_updates import queued


def watched(folder: Path, over: threading.Event) -> tuple[threading.Thread, list[Compute]]:
    """A reader as the window is one: every list that it saw."""
    seen: list[Compute] = []

    def watch() -> None:
        while not over.wait(0.05):
            found = read_compute(folder)
            if found is not None and found not in seen[-1:]:
                seen.append(found)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread, seen


@pytest.mark.slow
def test_that_an_update_tells_who_trains_what_and_what_waits_for_which_teacher(
    store: Store, data: str, scheduler: str
) -> None:
    recipe, over = recipe_on(data), threading.Event()
    with jobs.on_cluster(jobs.Session(store), scheduler, work=recipe) as there:
        made = jobs.start_update(store, recipe)
        thread, seen = watched(made.folder, over)
        jobs.run_update(there, made.id)
    over.set()
    thread.join()
    runs = {run.id: run.label for run in store.runs()}
    assert {compute.cluster for compute in seen} == {scheduler}
    trained = [runs[worker.run] for compute in seen for worker in compute.workers if worker.does == "run"]
    assert trained[0] == "Old model"
    assert set(trained) == set(runs.values())
    first = next(compute for compute in seen if compute.waiting)
    assert [(each.label, each.teachers) for each in first.waiting[-2:]] == [
        ("No_Treatment", ("Old model",)),
        ("MPT_KL b=2", ("Old model", "No_Treatment")),
    ]
    assert [worker.host for worker in seen[-1].workers] == 2 * [platform.node()]
    assert read_compute(made.folder) is None


def test_that_parts_of_the_data_are_counted_while_they_are_answered(
    store: Store, scheduler: str, tmp_path: Path
) -> None:
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        with there.workers.told_in(tmp_path), there.workers.told_in(tmp_path / "another"):
            for _ in there.workers.spread(time.sleep, [0.3] * 16):
                told = read_compute(tmp_path)
                if told is not None and told.parts[0]:
                    break
            assert told is not None
            assert told.parts[1] == 16
            assert "part" in {worker.does for worker in told.workers}
            wait_for(lambda: (read_compute(tmp_path) or told).parts == (0, 0))
    assert read_compute(tmp_path) is None


def test_that_a_run_without_a_worker_waits_for_one(store: Store, data: str, tmp_path: Path) -> None:
    own = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=0, **own) as cluster,
        jobs.on_cluster(jobs.Session(store), cluster.scheduler_address) as there,
    ):
        assert there.workers is not None
        with there.workers.told_in(tmp_path):
            task = there.workers.train(queued(store, data))
            wait_for(lambda: (read_compute(tmp_path) or Compute("")).waiting)
            told = read_compute(tmp_path)
            assert told is not None
            assert [(each.label, each.teachers) for each in told.waiting] == [("Old model", ())]
            task.end()
            wait_for(lambda: read_compute(tmp_path) == Compute(cluster.scheduler_address))


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
