"""Processes of torchrun: the first one writes, all of them train; one that is killed costs nothing but the time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from mpt_studio.jobs.launched import taking_part
from mpt_studio.store import Store

TRAIN = ["train", "--data", "builtin", "--role", "old", "--device", "cpu", "--limit-train", "300", "--json"]


def test_that_a_process_of_its_own_does_its_job(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with taking_part() as does_it:
        assert does_it


@pytest.fixture
def torchrun(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command of the program in two processes on the CPU."""

    def start(*words: str) -> subprocess.Popen[str]:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        return subprocess.Popen(
            [*launcher, "-m", "mpt_studio", *words, "--store", str(tmp_path / "store")],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_that_torchruns_processes_train_one_version_together(torchrun, tmp_path: Path):
    out, said = torchrun(*TRAIN, "--epochs", "1").communicate(timeout=200)
    record = json.loads(out)  # of the first process alone
    run = Store(tmp_path / "store").run(record["run"])
    assert (record["outcome"], len(Store(tmp_path / "store").runs())) == ("done", 1), said
    assert record["figures"]["test"]["own_classes"]["samples"] == 600
    assert '"device":"2 × cpu (1 thread)"' in run.events_path.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_that_a_run_whose_rank_was_killed_says_so_and_goes_on_alone(torchrun, tmp_path: Path):
    launched = torchrun(*TRAIN, "--epochs", "60", "--save-every-seconds", "0.1")
    store = Store(tmp_path / "store")
    until = time.monotonic() + 120
    while not (store.runs() and store.runs()[0].resume_states) and time.monotonic() < until:
        time.sleep(0.1)
    *_, last = psutil.Process(launched.pid).children()
    os.kill(last.pid, signal.SIGKILL)
    _, said = launched.communicate(timeout=60)
    run = store.runs()[0]
    assert (launched.returncode, run.outcome) == (1, "interrupted")
    assert run.message == "One of the 2 ranks ended without a word. It can be resumed."
    assert f"Go on with: mpt-studio resume {run.id}" in said
    resumed = subprocess.run(
        [sys.executable, "-m", "mpt_studio", "resume", run.id, "--store", str(store.root)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (resumed.returncode, store.run(run.id).outcome) == (0, "done"), resumed.stderr
