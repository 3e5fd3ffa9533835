"""Rows in order: sorted by a column, grouped by class or flow. Array operations only. Letters: N samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.blocks import BLOCK, Stop, check, never, parts, sort_order
from mpt_studio.compare.comparison import NUMBERS, Comparison
from mpt_studio.compare.figures.causes import causes
from mpt_studio.predictions import Ints

Key = Literal[
    "margin_drop", "confidence", "old_confidence", "confidence_lost", "old_margin", "new_margin", "loss",
    "class", "answer", "old_answer", "kind", "cause", "mark", "flow", "id", "order",
]  # fmt: skip
_CHANGING = ("cause", "mark")
_COUNTABLE = 4_000_000
"""Up to so many codes are counted in a table, beyond by sorting."""
_GOOD_PART = 8
"""From an eighth of all samples on, the order of all is worth keeping."""
_HALF_BITS = 46_000
"""Up to so many classes a pair of them fits into 31 bits."""
_KEPT_ORDERS = 2


def sort_rows(
    comparison: Comparison, rows: Ints, key: Key = "margin_drop", descending: bool = True, stop: Stop = never
) -> Ints:
    """``rows`` sorted by a column; equal ones keep their order, undefined values (NaN) come last either way.

    Where ascending rows are a good part of all, the order of all samples is made and kept: what follows only picks.
    """
    if len(rows) * _GOOD_PART >= len(comparison) and _ascend(rows):
        order = _order(comparison, key, descending)
        check(stop)
        return order.astype(np.int64) if len(rows) == len(comparison) else _picked(order, rows)
    values = comparison.at(key, rows) if key in NUMBERS else _COLUMNS[key](comparison).take(rows)
    return rows[sort_order(values, descending=descending)]


def _order(c: Comparison, key: Key, descending: bool) -> npt.NDArray[np.int32]:
    """(N,) all samples in order; the last few orders are kept."""

    def order() -> npt.NDArray[np.int32]:
        values = c.numbers(key) if key in NUMBERS else _COLUMNS[key](c)
        return sort_order(values, descending=descending).astype(np.int32)

    of = ("order", key, descending, c.annotations.revision if key in _CHANGING else 0)
    return c.memo.once(of, order, most=_KEPT_ORDERS)


def _picked(order: npt.NDArray[np.int32], rows: Ints) -> Ints:
    """The samples of ``rows`` in the order of all."""
    chosen = np.zeros(len(order), dtype=bool)
    chosen[rows] = True
    found, end = np.empty(len(rows), dtype=np.int64), 0
    for part in parts(len(order), BLOCK):
        here = order[part]
        here = here.take(np.flatnonzero(chosen.take(here)))
        found[end : end + len(here)] = here
        end += len(here)
    return found


def _ascend(rows: Ints) -> bool:
    return all((rows[part.start + 1 : part.stop + 1] > rows[part]).all() for part in parts(len(rows) - 1, BLOCK))


@dataclass(frozen=True)
class Group:
    """A stretch of grouped rows under one heading."""

    title: str
    start: int
    """Position of its first row."""
    count: int


def groups(comparison: Comparison, rows: Ints, by: Literal["class", "flow"]) -> tuple[Ints, list[Group]]:
    """``rows`` by true class or by flow pair (truth → new answer), largest group first; the order within stays.

    Returns the rows in their new order and the groups that they fall into.
    """
    names, n = comparison.names, len(comparison.names)
    code = comparison.truth.take(rows)
    if by == "flow":
        code = code.astype(np.int32 if n < _HALF_BITS else np.int64, copy=False)
        code = code * code.dtype.type(n) + comparison.new_answer.take(rows)
    values, counts, place = _distinct(code, n if by == "class" else n * n)
    titles = [names[v] if by == "class" else f"{names[v // n]} → {names[v % n]}" for v in values.tolist()]
    ranked = sorted(range(len(values)), key=lambda i: (-counts[i], titles[i]))
    rank = np.empty(len(values), dtype=np.int32)
    rank[ranked] = np.arange(len(values), dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(counts[ranked])])
    found = [Group(titles[i], int(start), int(counts[i])) for i, start in zip(ranked, starts, strict=False)]
    return rows[sort_order(place(rank), descending=False)], found


def _distinct(
    code: npt.NDArray[Any], size: int
) -> tuple[Ints, Ints, Callable[[npt.NDArray[np.int32]], npt.NDArray[np.int32]]]:
    """Different codes below ``size``, how often each is there, and what gives each row its code's entry of a list."""
    if size > _COUNTABLE:
        values, place, counts = np.unique(code, return_inverse=True, return_counts=True)
        return values, counts, lambda of: of.take(place)
    every = np.zeros(size, dtype=np.int64)
    for part in parts(len(code), BLOCK):
        every += np.bincount(code[part], minlength=size)
    present = np.flatnonzero(every)

    def entries(of: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        every_entry = np.zeros(size, dtype=np.int32)
        every_entry[present] = of
        return every_entry.take(code)

    return present, every[present], entries


def _by_name(values: npt.NDArray[np.int32], comparison: Comparison) -> npt.NDArray[np.int32]:
    """(N,) place of each value's name in the alphabet."""
    rank = np.unique(np.array(comparison.names), return_inverse=True)[1].astype(np.int32)
    found: npt.NDArray[np.int32] = rank.take(values)
    return found


def _flow(c: Comparison) -> npt.NDArray[Any]:
    pair = _by_name(c.truth, c).astype(np.int64) * len(c.names) + _by_name(c.new_answer, c)
    return pair.astype(np.int32) if len(c.names) < _HALF_BITS else pair.astype(np.float64)


_COLUMNS: dict[str, Callable[[Comparison], npt.NDArray[Any]]] = {
    "class": lambda c: _by_name(c.truth, c),
    "answer": lambda c: _by_name(c.new_answer, c),
    "old_answer": lambda c: _by_name(c.old_answer, c),
    "kind": lambda c: c.kinds,
    "cause": causes,
    "mark": lambda c: c.marks,
    "flow": _flow,
    "id": lambda c: c.id_rank,
    "order": lambda c: np.arange(len(c), dtype=np.int32),
}
