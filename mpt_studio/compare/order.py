"""Sorting a million rows within a frame or two: numbers become ordered bits, packed with their place.

A sort of 64-bit words is several times quicker than a stable argsort, and the place in the low half makes it stable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.predictions import Ints

_LAST = np.uint32(0xFFFFFFFF)
_SIGN = np.uint32(0x80000000)
_FEW = 1 << 15
_LOW = np.uint64(0xFFFFFFFF)


def sort_order(values: npt.NDArray[Any], *, descending: bool) -> Ints:
    """(len(values),) positions by value; equal ones keep their order, NaN comes last either way."""
    if values.dtype == np.float64:
        return np.argsort(-values if descending else values, kind="stable").astype(np.int64)
    if values.dtype.kind != "f" and values.size and values.max() < _FEW and values.min() >= 0:
        few = values.astype(np.int16)  # sorted by radix, whose time is linear
        return np.argsort(-few if descending else few, kind="stable").astype(np.int64)
    words = _bits(values, descending=descending).astype(np.uint64)
    words <<= np.uint64(32)
    words |= np.arange(len(values), dtype=np.uint64)
    words.sort()
    words &= _LOW
    return words.view(np.int64)


def _bits(values: npt.NDArray[Any], *, descending: bool) -> npt.NDArray[np.uint32]:
    """Unsigned words in the order of the values; ``values`` are float32, or whole numbers of at most 31 bits."""
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
