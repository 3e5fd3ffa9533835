"""The processes of a launch by torchrun: the first does the job, the others help where it trains.

They meet in torch's own store: order after order, each with a process group of its own, so that what is left of one
that failed is not mistaken for a part of the next. What a rank could not do is said there as well.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from mpt_studio.engine.machine import ranks
from mpt_studio.errors import RankLost, UserError, one_sentence

Order = dict[str, Any]
_FOREVER = timedelta(days=365)
_PATIENCE = timedelta(days=1)
"""For the first rank while the disk is full; one that has died is noticed by its closed connection, and by torchrun."""
_SECONDS_TO_SAY_WHY = 3.0
_VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE")


@dataclass
class Launch:
    """One process of a launch."""

    rank: int
    local_rank: int
    count: int
    store: Store
    number: int = field(default=0)
    """Of the order in work."""

    @contextlib.contextmanager
    def ordered(self, order: Order, device: str) -> Iterator[None]:
        """The first rank: have the others help with something on such a device until the block ends."""
        ranks.device_of(self.local_rank, self.count, device)
        self.store.set(f"order/{self.number}", json.dumps(order))
        try:
            with self.group(device):
                yield
        except RuntimeError as error:
            self._explain(error)
            raise
        finally:
            self.store.set(f"ended/{self.number}", "")
            self.number += 1

    def orders(self) -> Iterator[Order]:
        """The other ranks: what there is to help with, one after the other."""
        while text := self._waited_for(f"order/{self.number}"):
            yield json.loads(text)
            self.number += 1

    @contextlib.contextmanager
    def helping(self, device: str) -> Iterator[None]:
        """The other ranks: help with the order. What fails here is told to the first rank, unless it has left.

        On GPUs nothing tells the others that this one has left them, so that its process ends, and the launch.
        """
        try:
            with self.group(device):
                yield
        except Exception as error:
            if self._has_ended():
                return
            said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            self.store.set(f"failed/{self.number}/{self.rank}", one_sentence(said))
            if device != "cpu" or not isinstance(error, UserError):
                raise

    def over(self) -> None:
        """The first rank: there is nothing more to do."""
        self.store.set(f"order/{self.number}", "")

    @contextlib.contextmanager
    def group(self, device: str) -> Iterator[None]:
        """All ranks: train together on such a device until the block ends."""
        backend = "gloo" if device == "cpu" else "cpu:gloo,cuda:nccl"
        place = PrefixStore(f"group/{self.number}", self.store)
        dist.init_process_group(backend, store=place, rank=self.rank, world_size=self.count, timeout=_PATIENCE)
        try:
            with ranks.as_(ranks.Together(self.rank, self.local_rank, self.count)):
                yield
        finally:
            gc.collect()  # torch's wrapper is in a circle, and with it lives gloo's thread, which must not see the exit
            dist.destroy_process_group()

    def _waited_for(self, key: str) -> str:
        self.store.wait([key], _FOREVER)
        said: bytes = self.store.get(key)
        return said.decode()

    def _has_ended(self) -> bool:
        return self._comes([f"ended/{self.number}"])

    def _explain(self, error: RuntimeError) -> None:
        """Raise what another rank said, or that one is lost; return where all are there."""
        until = time.monotonic() + _SECONDS_TO_SAY_WHY
        while time.monotonic() < until:
            for rank in range(1, self.count):
                if self.store.check([f"failed/{self.number}/{rank}"]):
                    said = self.store.get(f"failed/{self.number}/{rank}").decode()
                    raise UserError(f"Rank {rank} of {self.count} ended: {said}") from error
            time.sleep(0.05)
        if isinstance(error, dist.DistError) or "by peer" in str(error):
            raise RankLost(f"One of the {self.count} ranks ended without a word.") from error

    def _comes(self, keys: list[str]) -> bool:
        until = time.monotonic() + _SECONDS_TO_SAY_WHY
        while time.monotonic() < until:
            if self.store.check(keys):
                return True
            time.sleep(0.05)
        return False


_HERE: ContextVar[Launch | None] = ContextVar("launch", default=None)


def here() -> Launch | None:
    """The launch that this process is one of."""
    return _HERE.get()


@contextlib.contextmanager
def joined() -> Iterator[Launch]:
    """Meet the other processes of the launch that the environment tells of; children of this one are not of it."""
    rank, local_rank, count = (int(os.environ.pop(name)) for name in _VARIABLES)
    store, _, _ = next(rendezvous("env://", rank, count))
    launch = Launch(rank, local_rank, count, store)
    before = _HERE.set(launch)
    try:
        yield launch
    finally:
        if rank == 0:
            launch.over()
        _HERE.reset(before)
