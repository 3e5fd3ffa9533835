"""Starts a program as several ranks on this machine, by torch's own launcher: a new attempt starts all of them anew."""

from __future__ import annotations

import logging
import os
import signal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from mpt_studio.engine.machine import device as devices
from mpt_studio.errors import Interrupted, UsageError
from mpt_studio.units import count as counted


@dataclass(frozen=True)
class Outcome:
    """How a launch ended."""

    exit_code: int
    said: str = ""
    """A sentence about the rank that ended it, where that could not say it itself."""


def check(count: int, device: str) -> None:
    """Raise ``UsageError`` where a training cannot be spread over so many GPUs."""
    if device not in ("auto", "cuda"):
        raise UsageError(f"--gpus {count} spreads a training over GPUs, and its device is {device}; leave one out.")
    there = devices.gpus()
    if count > there:
        has = f"has {counted(there, 'GPU')} that torch can use" if there else "has no GPU that torch can use"
        raise UsageError(f"This machine {has}; --gpus {count} asks for {counted(count, 'GPU')}.")


def start(command: Sequence[str], count: int) -> Outcome:
    """Run ``command`` as ``count`` ranks to its end. They meet on loopback; the first one's exit code is all's."""
    logging.getLogger("torch.distributed.elastic").setLevel(
        logging.CRITICAL
    )  # the first rank says what there is to say
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, devices.threads() // count)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,
        monitor_interval=0.1,
    )
    try:
        elastic_launch(config, command[0])(*command[1:])
    except ChildFailedError as error:
        return _why(error.failures, count)
    except SignalException:  # passed on to the ranks, which have ended
        return Outcome(Interrupted.exit_code)
    return Outcome(0)


def _why(failures: dict[int, ProcessFailure], count: int) -> Outcome:
    killed = next(((rank, failure) for rank, failure in failures.items() if failure.exitcode < 0), None)
    if killed is not None:
        rank, failure = killed
        by = signal.Signals(-failure.exitcode).name
        return Outcome(1, f"Rank {rank} of {count} was ended by {by}, and the others with it.")
    if 0 in failures:
        return Outcome(failures[0].exitcode)
    rank, failure = next(iter(failures.items()))
    return Outcome(1, f"Rank {rank} of {count} ended with code {failure.exitcode}, and the others with it.")
