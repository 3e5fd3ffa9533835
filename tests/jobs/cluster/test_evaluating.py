"""An evaluation by a cluster's workers: the bits of one process, however many workers there are, or were."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.jobs.session import Item, Workers
from mpt_studio.store import Store

from ..conftest import fresh_version
from .conftest import distributed


class Losing:
    """Workers of whom some are killed, one after each of the first shards."""

    def __init__(self, workers: Workers, pids: list[int]) -> None:
        self.notes, self.train = workers.notes, workers.train
        self._spread, self._pids = workers.spread, pids

    def spread(self, work: Callable[[Item], None], items: Sequence[Item]) -> Generator[Item | None, None, None]:
        with closing(self._spread(work, items)) as working:
            for item in working:
                if item is not None and self._pids:
                    os.kill(self._pids.pop(), signal.SIGKILL)
                yield item


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_that_one_two_and_five_workers_give_the_bits_of_one_process_also_when_some_are_killed(
    store: Store, shades: Callable[[Path, int], str], tmp_path: Path
) -> None:
    version = fresh_version(tmp_path, "version", ("ant", "bee", "cat"), side=224)  # of ten images a batch
    spec = shades(tmp_path / "images", 70)
    whole, _ = jobs.evaluate(jobs.Session(store), version, spec, device="cpu", out=tmp_path / "whole")
    with distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        for workers, killed in ((1, 0), (1, 1), (2, 1), (5, 0), (5, 2)):
            cluster.scale(workers)
            with jobs.on_cluster(jobs.Session(store), cluster.scheduler_address) as there:
                with distributed.Client(cluster, set_as_default=False) as client:
                    client.wait_for_workers(workers, timeout=100)
                    pids = list(client.run(os.getpid).values())
                assert there.workers is not None
                session = dataclasses.replace(there, workers=Losing(there.workers, pids[:killed]))
                out = tmp_path / f"{workers}-{killed}"
                found, _ = jobs.evaluate(session, version, spec, device="cpu", out=out)
            assert np.array_equal(found.logits, whole.logits)
            assert np.array_equal(found.sample_ids, whole.sample_ids)
            assert np.array_equal(found.labels, whole.labels)
    assert list(store.root.glob("evaluations/*/*")) == []
