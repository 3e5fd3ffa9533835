"""Random numbers of an epoch, each a pure function of (seed, epoch, sample). Shape letter: N samples of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import IntEnum, unique

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpt_studio.engine.train import order

Floats = npt.NDArray[np.float64]


@unique
class Stream(IntEnum):
    """What numbers are drawn for: a stream for each purpose, and none is used twice. 1 and 5 are ``order``'s."""

    ROW = 2
    COLUMN = 3
    MIRROR = 4
    AREA = 6
    ASPECT = 7
    TOP = 8
    LEFT = 9
    POLICY = 10
    BRIGHTNESS = 11
    CONTRAST = 12
    SATURATION = 13
    ERASED = 14
    ERASED_AREA = 15
    ERASED_ASPECT = 16
    ERASED_TOP = 17
    ERASED_LEFT = 18
    MIX = 19
    """One for each step, not each sample."""


class Draws:
    """Numbers of every stream for each of some samples. Those of a sample do not depend on the others."""

    def __init__(self, seed: int, epoch: int, samples_N: Tensor, device: torch.device) -> None:
        self.seed, self.epoch, self.samples_N, self.device = seed, epoch, samples_N, device
        self._made: dict[Hashable, Tensor] = {}

    def of(self, stream: Stream, rows_B: Tensor) -> Tensor:
        """(B,) int64 ≥ 0 on the device, uniform over 62 bits."""
        return self.once(stream, lambda: self.numbers_N(stream))[rows_B]

    def once(self, what: Hashable, make: Callable[[], Tensor]) -> Tensor:
        """What ``make`` makes for all N samples on the CPU, on the device.

        Once for an epoch: a GPU would start a dozen kernels for every batch.
        """
        if what not in self._made:
            self._made[what] = make().to(self.device)
        return self._made[what]

    def numbers_N(self, stream: Stream, attempt: int = 0) -> Tensor:
        """(N,) int64 ≥ 0 on the CPU, uniform over 62 bits; more of the same stream by ``attempt``."""
        more = (attempt,) if attempt else ()
        return order.draws_N(order.key(self.seed, self.epoch, stream, *more), self.samples_N)

    def shares_N(self, stream: Stream, attempt: int = 0) -> Floats:
        """(N,) uniform in [0, 1)."""
        return np.ldexp((self.numbers_N(stream, attempt) >> 9).numpy().astype(np.float64), -53)
