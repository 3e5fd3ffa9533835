"""Work is spread over workers in any order, done once, and ends with a sentence where it cannot be done."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.errors import UserError
from mpt_studio.store import Store

from .conftest import distributed


def test_that_each_item_is_done_once_and_told_as_it_is_done(store: Store, scheduler: str, tmp_path: Path) -> None:
    items = [str(tmp_path / name) for name in "abcdefg"]
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        found = [item for item in there.workers.spread(os.mkdir, items) if item is not None]
    assert sorted(found) == items
    assert all(os.path.isdir(item) for item in items)


def test_that_a_worker_does_one_thing_at_a_time_whatever_its_threads(store: Store, scheduler: str) -> None:
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        began = time.monotonic()
        assert [item for item in there.workers.spread(time.sleep, [1.0] * 4) if item] == [1.0] * 4
        assert time.monotonic() - began >= 2  # two workers


def test_that_what_waits_for_workers_is_done_when_they_come(store: Store, tmp_path: Path) -> None:
    own = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=0, threads_per_worker=2, **own) as cluster,
        jobs.on_cluster(jobs.Session(store), cluster.scheduler_address) as there,
    ):
        assert there.workers is not None
        items = [str(tmp_path / name) for name in "abc"]
        spread = there.workers.spread(os.mkdir, items)
        assert next(spread) is None
        cluster.scale(1)
        assert sorted(item for item in spread if item is not None) == items


def test_that_work_that_fails_is_tried_again_and_ends_with_a_sentence(
    store: Store, scheduler: str, tmp_path: Path
) -> None:
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        with pytest.raises(UserError, match=r"A worker failed: FileNotFoundError: .*gone"):
            list(there.workers.spread(os.mkdir, [str(tmp_path / "gone" / "x")]))


def test_that_whoever_stops_asking_calls_off_what_has_not_begun(store: Store, scheduler: str, tmp_path: Path) -> None:
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        spread = there.workers.spread(time.sleep, [0.5] * 2000)
        assert next(item for item in spread if item is not None) == 0.5
        spread.close()
        began = time.monotonic()
        items = [str(tmp_path / "next")]
        assert [item for item in there.workers.spread(os.mkdir, items) if item is not None] == items
        assert time.monotonic() - began < 200  # the others would take 500


def test_that_work_has_the_settings_of_whoever_asked_and_not_those_of_dask(
    store: Store, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    said = tmp_path / "said"
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        list(there.workers.spread(os.system, [f"echo $OMP_NUM_THREADS ${{MALLOC_TRIM_THRESHOLD_:-unset}} > {said}"]))
    assert said.read_text().split() == ["7", "unset"]
