"""Figures per class, and where negative flips went. Letters: L names of classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.offset import OffsetComparison
from mpt_studio.flips import Rates
from mpt_studio.predictions import Ints


@dataclass(frozen=True)
class ClassRates:
    """The figures of the samples of one true class."""

    name: str
    index: int
    is_new: bool
    """Whether the old model lacks the class."""
    rates: Rates


@dataclass(frozen=True)
class FlowPair:
    """Negative flips of one true class to one new answer."""

    truth: str
    answer: str
    count: int
    to_new_class: bool


def class_table(comparison: Comparison) -> Ints:
    """(L, 5) samples of each true class by ``FlipKind``, and those whose answers differ."""
    return comparison.memo.once(("class table",), lambda: _class_table(comparison))


def _class_table(c: Comparison) -> Ints:
    if not isinstance(c, OffsetComparison):
        return _counted(c)
    return class_table(c.base) - _counted(c.base, c.changed) + _counted(c, c.changed)  # γ moves few samples


def _counted(c: Comparison, rows: Ints | None = None) -> Ints:
    n, at = len(c.names), slice(None) if rows is None else rows
    truth = c.truth[at]
    kinds = np.bincount(truth * np.int32(4) + c.kinds[at], minlength=4 * n).reshape(n, 4)
    changed = np.bincount(truth[c.old_answer[at] != c.new_answer[at]], minlength=n)
    return np.column_stack([kinds, changed]).astype(np.int64)


def per_class(comparison: Comparison) -> list[ClassRates]:
    """The figures of every class, in the order of ``names``; classes without samples have zero counts."""
    return comparison.memo.once(("per class",), lambda: _per_class(comparison))


def _per_class(c: Comparison) -> list[ClassRates]:
    n, rows, table = len(c.names), c.negative_flips, class_table(c)
    flipped = c.truth[rows]
    intruded = np.bincount(flipped[c.to_new_class[rows]], minlength=n)
    lost = np.bincount(flipped, weights=c.confidence_lost_at(rows), minlength=n)

    def rates(i: int) -> Rates:
        right, negative, positive, wrong, changed = (int(count) for count in table[i])
        return Rates(right, negative, positive, wrong, changed, int(intruded[i]), float(lost[i]))

    return [ClassRates(name, i, bool(c.class_is_new[i]), rates(i)) for i, name in enumerate(c.names)]


def flow(comparison: Comparison) -> list[FlowPair]:
    """Where negative flips went: pairs (truth, new answer), most frequent first, equal ones by name."""
    return comparison.memo.once(("flow",), lambda: _flow(comparison))


def _flow(c: Comparison) -> list[FlowPair]:
    rows, n = c.negative_flips, len(c.names)
    pairs, counts = np.unique(c.truth[rows].astype(np.int64) * n + c.new_answer[rows], return_counts=True)
    truths, answers = np.divmod(pairs, n)
    found = [
        FlowPair(c.names[t], c.names[a], int(count), bool(c.class_is_new[a]))
        for t, a, count in zip(truths, answers, counts, strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.count, pair.truth, pair.answer))
