"""Batch order and random draws as pure functions of (seed, epoch, step, sample): nothing to save, exact to resume.

Counter-based: a number's bits are a hash of what it is for, by the finaliser of splitmix64 (Steele, Lea and Flood,
OOPSLA 2014). int64 tensors wrap around like unsigned ones, so that CPU and GPU draw the same numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MASK = (1 << 64) - 1

ORDER, STEP = 1, 5
"""What numbers are drawn for; each purpose has a stream of its own. The others are ``varied.draws.Stream``'s."""


def mixed(value: int) -> int:
    """splitmix64 of one unsigned 64-bit number."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK
    return value ^ (value >> 31)


def key(*parts: int) -> int:
    """One unsigned 64-bit number that stands for all the parts in their order."""
    state = 0
    for part in parts:
        state = mixed(state ^ (part & _MASK))
    return state


def draws_N(stream: int, samples_N: Tensor) -> Tensor:
    """(N,) int64 ≥ 0, uniform over 62 bits: one draw of the stream for each sample number."""
    value = _mixed_tensor(samples_N ^ _signed(stream))
    return _shifted(value, 2)


def epoch_order(seed: int, epoch: int, count: int) -> Tensor:
    """(count,) int64 permutation: the order in which an epoch visits its samples."""
    return draws_N(key(seed, epoch, ORDER), torch.arange(count, dtype=torch.int64)).argsort(stable=True)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Batches of an epoch. A last batch of one image is left out: batch normalisation cannot take it."""
    full, rest = divmod(count, batch_size)
    return full + (1 if rest > 1 or (rest == 1 and full == 0) else 0)


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """Seed of torch's generator for one step (dropout, stochastic depth) and the images of one rank."""
    return key(seed, step, STEP, *([rank] if rank else [])) >> 1


def _mixed_tensor(value: Tensor) -> Tensor:
    value = value + _signed(_GOLDEN)
    value = (value ^ _shifted(value, 30)) * _signed(_MIX_1)
    value = (value ^ _shifted(value, 27)) * _signed(_MIX_2)
    return value ^ _shifted(value, 31)


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; torch's own keeps the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
