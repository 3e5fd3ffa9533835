"""Several processes by torch's launcher, and how one that dies is told."""

from __future__ import annotations

import sys

import pytest

from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import launcher
from mpt_studio.errors import UsageError


def program(text: str) -> list[str]:
    return [sys.executable, "-c", f"import os, signal, sys, time; rank = int(os.environ['RANK']); {text}"]


def test_that_all_end_well_and_meet_on_loopback():
    met = "sys.exit(os.environ['MASTER_ADDR'] != '127.0.0.1' or os.environ['WORLD_SIZE'] != '2')"
    assert launcher.start(program(met), 2) == launcher.Outcome(0)


def test_that_the_first_ranks_exit_code_is_the_launchs():
    assert launcher.start(program("sys.exit(0 if rank else 3)"), 2) == launcher.Outcome(3)


def test_that_a_rank_that_is_killed_ends_the_others_and_is_named():
    dies = "rank and os.kill(os.getpid(), signal.SIGKILL); time.sleep(60)"
    outcome = launcher.start(program(dies), 2)
    assert (outcome.exit_code, outcome.said) == (1, "Rank 1 of 2 was ended by SIGKILL, and the others with it.")


@pytest.mark.parametrize(
    ("there", "count", "device", "sentence"),
    [
        (0, 2, "auto", "This machine has no GPU that torch can use; --gpus 2 asks for 2 GPUs."),
        (2, 4, "cuda", "This machine has 2 GPUs that torch can use; --gpus 4 asks for 4 GPUs."),
        (4, 2, "cpu", "--gpus 2 spreads a training over GPUs, and its device is cpu; leave one out."),
        (4, 2, "cuda:1", "--gpus 2 spreads a training over GPUs, and its device is cuda:1; leave one out."),
    ],
)
def test_that_gpus_that_are_not_there_are_refused(there, count, device, sentence, monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: there)
    with pytest.raises(UsageError) as refused:
        launcher.check(count, device)
    assert str(refused.value) == sentence
