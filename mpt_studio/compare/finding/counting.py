"""Counting samples by several columns at once, under filters: one small code per sample, one table of counts.

The columns that facets show are joined into a few codes ("mixed radix": each column is a digit). One pass over a code
counts all its columns; each column's own counts are sums over the table. Letters: N samples, S values of a code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.blocks import BLOCK, Stop, check, parts
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.finding.filters import Filter, all_of
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.predictions import Ints

Column = npt.NDArray[Any]
SMALL = (1 << 16) - 1
"""Up to so many values a code takes two bytes per sample."""


@dataclass(frozen=True, eq=False)
class Code:
    """Columns joined to one."""

    values: npt.NDArray[np.integer[Any]]
    """(N,) from 0 up to and without ``size``; −1 counts nowhere."""
    shape: dict[str, int]
    """Column → how many values it has; the first one is the highest digit. The names tell codes apart."""

    @property
    def size(self) -> int:
        """S."""
        return math.prod(self.shape.values())

    def by(self, name: str, table: Ints) -> list[int]:
        """Counts of one column from the (S,) counts of the code."""
        at = list(self.shape).index(name)
        others = tuple(axis for axis in range(len(self.shape)) if axis != at)
        counts: list[int] = table.reshape(tuple(self.shape.values())).sum(axis=others).tolist()
        return counts


def join(samples: int, shape: Mapping[str, int], digits: Mapping[str, Callable[[slice], Column]], stop: Stop) -> Code:
    """One code of several columns; ``digits`` gives a block of each column's values."""
    sizes = dict(shape)
    kind = np.uint16 if math.prod(sizes.values()) <= SMALL else np.int64
    values: npt.NDArray[Any] = np.zeros(samples, dtype=kind)
    for part in parts(samples, BLOCK, stop):
        joined = values[part]
        for name, size in sizes.items():
            joined *= kind(size)
            joined += digits[name](part).astype(kind, copy=False)
    return Code(values, sizes)


class Counter:
    """Counts codes among the samples that fit a filter, each column without its own condition."""

    def __init__(self, comparison: Comparison, chosen: Filter, stop: Stop) -> None:
        self._comparison, self._stop = comparison, stop
        self.conditions = chosen.masks(comparison, stop)
        self._masks: dict[str, tuple[Bools | None, int]] = {}
        self._tables: dict[tuple[tuple[str, ...], str], Ints] = {}

    @property
    def shown(self) -> int:
        """Samples that fit every condition."""
        return self.fitting("")[1]

    def fitting(self, condition: str) -> tuple[Bools | None, int]:
        """(N,) samples that fit all conditions but this one (None where that is all), and how many they are."""
        own = condition if condition in self.conditions else ""
        if own not in self._masks:
            check(self._stop)
            other = len(self.conditions) > (own != "")
            mask = all_of(self.conditions, own) if other else None
            self._masks[own] = (mask, len(self._comparison) if mask is None else int(np.count_nonzero(mask)))
        return self._masks[own]

    def count(self, code: Code, name: str, condition: str) -> list[int]:
        """Samples by the values of one column."""
        own = condition if condition in self.conditions else ""
        key = (tuple(code.shape), own)
        if key not in self._tables:
            self._tables[key] = self._table(code, *self.fitting(own))
        return code.by(name, self._tables[key])

    def few(self, rows: Ints, values: npt.NDArray[np.uint8], size: int, condition: str) -> list[int]:
        """Samples by a column that is 0 but in ``rows``, where it has ``values``."""
        mask, fitting = self.fitting(condition)
        counts = np.bincount(values if mask is None else values[mask[rows]], minlength=size)
        counts[0] += fitting - counts.sum()
        found: list[int] = counts.tolist()
        return found

    def _table(self, code: Code, mask: Bools | None, fitting: int) -> Ints:
        """(S,) samples of each value; the smaller of what fits and what does not is counted."""
        if mask is None:
            return self._whole(code)
        if 2 * fitting > len(mask):
            return self._whole(code) - self._blocks(code, ~mask)
        return self._blocks(code, mask)

    def _blocks(self, code: Code, mask: Bools) -> Ints:
        total = np.zeros(code.size + 1, dtype=np.int64)
        for part in parts(len(mask), BLOCK, self._stop):
            values = code.values[part].take(np.flatnonzero(mask[part]))
            total += _counted(values, code.size)
        return total[1:]

    def _whole(self, code: Code) -> Ints:
        """Of all samples: counted once and kept with the comparison."""

        def table() -> Ints:
            total = np.zeros(code.size + 1, dtype=np.int64)
            for part in parts(len(code.values), BLOCK, self._stop):
                total += _counted(code.values[part], code.size)
            return total[1:]

        return self._comparison.memo.once(("whole", *code.shape), table, since=code.values)


def _counted(values: npt.NDArray[np.integer[Any]], size: int) -> Ints:
    """(S + 1,) how often each value is there, −1 first."""
    if values.dtype.kind == "u":
        return np.concatenate([[0], np.bincount(values, minlength=size)])
    return np.bincount(values + 1, minlength=size + 1)
