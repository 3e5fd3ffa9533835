"""Sorting a million rows within a frame: values become ordered bits, packed with their place into one word each.

A sort of words is several times quicker than a stable argsort, and the place in the low bits makes it stable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.stop import BLOCK, parts
from mpt_studio.predictions import Ints

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
