"""Which class was answered for which: by the old version, by the update, and what changed. L: names of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.blocks import BLOCK, parts
from mpt_studio.compare.comparison import Comparison
from mpt_studio.predictions import Ints

View = Literal["old", "new", "difference"]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Confused:
    """Samples of one true class with one wrong answer."""

    truth: str
    answer: str
    count: int
    """In a difference: so many more (or fewer) than with the old version."""


def confusion(c: Comparison, view: View) -> Counts:
    """(L, L) samples by true class (row) and answer (column); "difference" is the update's minus the old version's."""
    return c.memo.once(("confusion", view), lambda: _confusion(c, view)).copy()


def _confusion(c: Comparison, view: View) -> Counts:
    return confusion(c, "new") - confusion(c, "old") if view == "difference" else _count(c, view)


def _count(c: Comparison, view: View) -> Counts:
    n, answer = len(c.names), c.old_answer if view == "old" else c.new_answer
    table = np.zeros(n * n, dtype=np.int64)
    for part in parts(len(c), max(BLOCK, n * n)):
        table += np.bincount(c.truth[part].astype(np.int64) * n + answer[part], minlength=n * n)
    return table.reshape(n, n)


def confused(c: Comparison, view: View, most: int = 1000) -> list[Confused]:
    """Wrong answers with their pairs of classes, largest counts (or changes, either way) first, equal ones by name."""
    table = confusion(c, view)
    np.fill_diagonal(table, 0)
    truths, answers = np.nonzero(table)
    counts = table[truths, answers]
    largest = np.argsort(-np.abs(counts), kind="stable")[:most]
    found = [Confused(c.names[truths[i]], c.names[answers[i]], int(counts[i])) for i in largest]
    return sorted(found, key=lambda pair: (-abs(pair.count), pair.truth, pair.answer))


def confused_rows(c: Comparison, view: View, truth: str, answer: str) -> Ints:
    """The samples behind a cell, ascending; of a difference those that exactly one of the versions answers so."""
    of_class, answered = c.truth == c.names.index(truth), c.names.index(answer)
    before, after = c.old_answer == answered, c.new_answer == answered
    hit = {"old": before, "new": after, "difference": before ^ after}[view]
    return np.flatnonzero(of_class & hit).astype(np.int64)
