"""Long work asks, between its chunks, whether anyone still wants the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.predictions import Ints

BLOCK = 1 << 16
"""Samples per block of array operations: what lies between fits the cache that each core has for itself."""
Stop = Callable[[], bool]
"""Tells whether to give up; asked often, so it has to be quick."""


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """A newer request made the result useless."""


def never() -> bool:
    """The ``Stop`` of work that always goes on."""
    return False


def check(stop: Stop) -> None:
    """Raise ``Cancelled`` where the work is no longer wanted."""
    if stop():
        raise Cancelled


def parts(n: int, step: int, stop: Stop = never) -> Iterator[slice]:
    """Slices that cover ``range(n)``; asks before each."""
    for start in range(0, n, step):
        check(stop)
        yield slice(start, min(n, start + step))


_LAST = np.uint32(0xFFFFFFFF)
_SIGN = np.uint32(0x80000000)


def sort_order(values: npt.NDArray[Any], *, descending: bool) -> Ints:
    """(len(values),) positions by value; equal ones keep their order, NaN comes last either way.

    ``values`` are floats, or whole numbers of at most 31 bits; only float64 is sorted without packing.
    """
    if values.dtype == np.float64:
        return np.argsort(-values if descending else values, kind="stable").astype(np.int64)
    if values.dtype.kind != "f" and values.size and values.min() >= 0:
        return _sort_whole(values, descending)
    return _sort_bits(values, descending)


def _sort_whole(values: npt.NDArray[Any], descending: bool) -> Ints:
    """Few different numbers fit into half a word beside their place: half the memory, half the time."""
    n, most = len(values), int(values.max())
    place_bits = n.bit_length()
    if most.bit_length() + place_bits > 32:
        return _sort_bits(values, descending)
    words = np.empty(n, dtype=np.uint32)
    for part in parts(n, BLOCK):
        word = values[part].astype(np.uint32)
        word = np.uint32(most) - word if descending else word
        word <<= np.uint32(place_bits)
        word |= np.arange(part.start, part.stop, dtype=np.uint32)
        words[part] = word
    words.sort()
    words &= np.uint32((1 << place_bits) - 1)
    return words.astype(np.int64)


def _sort_bits(values: npt.NDArray[Any], descending: bool) -> Ints:
    words = np.empty(len(values), dtype=np.uint64)
    for part in parts(len(values), BLOCK):
        word = _bits(values[part], descending=descending).astype(np.uint64)
        word <<= np.uint64(32)
        word |= np.arange(part.start, part.stop, dtype=np.uint64)
        words[part] = word
    words.sort()
    words &= np.uint64(_LAST)
    return words.view(np.int64)


def _bits(values: npt.NDArray[Any], *, descending: bool) -> npt.NDArray[np.uint32]:
    """Unsigned words in the order of the values."""
    if values.dtype.kind != "f":
        whole = values.astype(np.int32).view(np.uint32) ^ _SIGN
        return ~whole if descending else whole
    undefined = np.isnan(values)
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)  # −0 + 0 = 0
    bits = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    if descending:
        np.invert(bits, out=bits)
    bits[undefined] = _LAST
    return bits
