"""Finding samples: facet counts, sorting, grouping. Array operations only. Letters: N samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.causes import Cause
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.filters import KIND_WORDS, MARK_WORDS, Among, Filter, Interval, Range, Samples, all_of
from mpt_studio.compare.order import sort_order
from mpt_studio.compare.stop import BLOCK, Stop, check, never, parts
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.predictions import Ints

__all__ = [
    "CONFIDENCE_BINS", "DROP_BINS", "KIND_WORDS", "MARK_WORDS", "Among", "Facets", "Filter", "Group", "Interval", "Key",
    "Range", "Samples", "facets", "groups", "sort_rows",
]  # fmt: skip
Key = Literal[
    "margin_drop", "confidence", "old_confidence", "confidence_lost", "old_margin", "new_margin", "loss",
    "class", "answer", "old_answer", "kind", "cause", "mark", "flow", "id", "order",
]  # fmt: skip
_COUNTABLE = 4_000_000
"""Up to so many codes are counted in a table, beyond by sorting."""
_DROPS = (0.0, 1.0, 2.0, 4.0, 8.0)
_CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.99)


def _bins(edges: tuple[float, ...]) -> tuple[Interval, ...]:
    return tuple(Interval(low, high) for low, high in zip((None, *edges), (*edges, None), strict=True))


DROP_BINS, CONFIDENCE_BINS = _bins(_DROPS), _bins(_CONFIDENCES)


@dataclass(frozen=True)
class Facets:
    """How many samples each value would show; a facet is counted with all other fields applied, but not its own."""

    kinds: dict[FlipKind, int]
    truths: dict[str, int]
    """Every class, in the order of ``Comparison.names``."""
    answers: dict[str, int]
    """Every class, in the order of ``Comparison.names``."""
    causes: dict[Cause, int] = field(default_factory=dict)
    """Every cause."""
    drops: dict[Interval, int] = field(default_factory=dict)
    """``DROP_BINS``; samples without a margin drop are in none."""
    confidences: dict[Interval, int] = field(default_factory=dict)
    """``CONFIDENCE_BINS``."""
    marks: dict[Mark, int] = field(default_factory=dict)
    columns: dict[str, dict[str, int]] = field(default_factory=dict)
    """Metadata column → value → samples, for columns with few values."""
    shown: int = 0
    """Samples that the whole filter shows."""


def facets(comparison: Comparison, chosen: Filter, stop: Stop = never) -> Facets:
    """Count under a filter. Raises ``Cancelled`` once ``stop`` says so."""
    counter = _Counter(comparison, chosen, stop)
    names = comparison.names
    causes = dict(zip(Cause, counter.count("causes", comparison.causes, len(Cause)), strict=True))
    columns = comparison.metadata.columns if comparison.metadata else {}
    return Facets(
        kinds=dict(zip(FlipKind, counter.count("kinds", comparison.kinds, len(FlipKind)), strict=True)),
        truths=dict(zip(names, counter.count("truths", comparison.truth, len(names)), strict=True)),
        answers=dict(zip(names, counter.count("answers", comparison.new_answer, len(names)), strict=True)),
        causes={cause: count for cause, count in causes.items() if cause != Cause.NONE},
        drops=counter.bins("drops", lambda: comparison.margin_drop, DROP_BINS, _DROPS),
        confidences=counter.bins("confidences", lambda: comparison.new_confidence, CONFIDENCE_BINS, _CONFIDENCES),
        marks=dict(zip(Mark, counter.count("marks", comparison.marks, len(Mark)), strict=True)),
        columns={name: counter.column(name) for name in (comparison.metadata.facets if columns else [])},  # type: ignore[union-attr]
        shown=counter.shown,
    )


class _Counter:
    """Counts values among the rows that the other conditions leave; whole columns are counted once and kept."""

    def __init__(self, comparison: Comparison, chosen: Filter, stop: Stop) -> None:
        self.comparison, self.chosen, self.stop = comparison, chosen, stop
        self.masks = chosen.masks(comparison, stop)
        self._rows: dict[str, Ints | None] = {}

    @property
    def shown(self) -> int:
        rows = self.rows("")
        return len(self.comparison) if rows is None else len(rows)

    def rows(self, but: str) -> Ints | None:
        """Rows that fit every condition but one; None for all rows."""
        own = but if but in self.masks else ""
        if own not in self._rows:
            check(self.stop)
            other = len(self.masks) > (own != "")
            self._rows[own] = np.flatnonzero(all_of(self.masks, own)) if other else None
        return self._rows[own]

    def count(self, name: str, values: npt.NDArray[Any], size: int) -> list[int]:
        check(self.stop)
        rows = self.rows(name)
        if rows is None:
            return self._whole(name, values, size)
        return self._summed(lambda part: values.take(rows[part]), len(rows), size)

    def _summed(self, block: Callable[[slice], npt.NDArray[Any]], n: int, size: int) -> list[int]:
        total = np.zeros(size, dtype=np.int64)
        for part in parts(n, BLOCK, self.stop):
            total += np.bincount(block(part), minlength=size)
        counts: list[int] = total.tolist()
        return counts

    def _whole(self, name: str, values: npt.NDArray[Any], size: int) -> list[int]:
        key = ("count", name)
        known = self.comparison.kept.get(key)
        if known is None or known[0] is not values:
            known = (values, self._summed(values.__getitem__, len(values), size))
            self.comparison.kept[key] = known
        counts: list[int] = known[1]
        return counts

    def bins(
        self, name: str, values: Callable[[], npt.NDArray[Any]], bins: tuple[Interval, ...], edges: tuple[float, ...]
    ) -> dict[Interval, int]:
        binned = self._binned(name, values, edges)
        return dict(zip(bins, self.count(name, binned, len(bins) + 1), strict=False))

    def _binned(
        self, name: str, values: Callable[[], npt.NDArray[Any]], edges: tuple[float, ...]
    ) -> npt.NDArray[np.uint8]:
        """(N,) each value's bin; the one after the last for NaN."""
        key = ("bins", name)
        kept = self.comparison.kept
        if key not in kept:
            column = values()
            place = np.zeros(len(column), dtype=np.uint8)
            for edge in edges:
                place += (column >= edge).view(np.uint8)
            place[np.isnan(column)] = len(edges) + 1
            kept[key] = place
        binned: npt.NDArray[np.uint8] = kept[key]
        return binned

    def column(self, name: str) -> dict[str, int]:
        metadata = self.comparison.metadata
        assert metadata is not None
        column = metadata.columns[name]
        own = next((f"columns:{i}" for i, among in enumerate(self.chosen.columns) if among.column == name), "")
        rows = self.rows(own)
        codes, size = column.codes, len(column.values) + 1
        if rows is None:
            counts = self._summed(lambda part: codes[part] + 1, len(codes), size)
        else:
            counts = self._summed(lambda part: codes.take(rows[part]) + 1, len(rows), size)
        return dict(zip(column.values, counts[1:], strict=True))


def sort_rows(comparison: Comparison, rows: Ints, key: Key = "margin_drop", descending: bool = True) -> Ints:
    """``rows`` sorted by a column; equal ones keep their order, undefined values (NaN) come last either way."""
    every = len(rows) == len(comparison) and _in_order(rows)
    name = "new_confidence" if key == "confidence" else key
    if name in _NUMBERS:
        values = getattr(comparison, name) if every else comparison.at(name, rows)
    else:
        values = _COLUMNS[key](comparison) if every else _COLUMNS[key](comparison).take(rows)
    return rows[sort_order(values, descending=descending)]


def _in_order(rows: Ints) -> bool:
    return bool(rows[0] == 0 and (rows[1:] > rows[:-1]).all()) if len(rows) else True


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
    code = comparison.truth.take(rows).astype(np.int64)
    if by == "flow":
        code = code * n + comparison.new_answer.take(rows)
    values, counts, place = _distinct(code, n if by == "class" else n * n)
    titles = [names[v] if by == "class" else f"{names[v // n]} → {names[v % n]}" for v in values.tolist()]
    ranked = sorted(range(len(values)), key=lambda i: (-counts[i], titles[i]))
    rank = np.empty(len(values), dtype=np.int32)
    rank[ranked] = np.arange(len(values), dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(counts[ranked])])
    found = [Group(titles[i], int(start), int(counts[i])) for i, start in zip(ranked, starts, strict=False)]
    return rows[sort_order(rank.take(place), descending=False)], found


def _distinct(code: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Different codes below ``size``, how often each is there, and the place of each code among them."""
    if size > _COUNTABLE:
        values, place, counts = np.unique(code, return_inverse=True, return_counts=True)
        return values, counts, place
    every = np.bincount(code, minlength=size)
    present = np.flatnonzero(every)
    place_of = np.zeros(size, dtype=np.int64)
    place_of[present] = np.arange(len(present))
    return present, every[present], place_of.take(code)


def _by_name(values: npt.NDArray[np.int32], comparison: Comparison) -> npt.NDArray[np.int32]:
    """(N,) place of each value's name in the alphabet."""
    rank = np.unique(np.array(comparison.names), return_inverse=True)[1].astype(np.int32)
    found: npt.NDArray[np.int32] = rank.take(values)
    return found


def _flow(c: Comparison) -> npt.NDArray[Any]:
    pair = _by_name(c.truth, c).astype(np.int64) * len(c.names) + _by_name(c.new_answer, c)
    return pair.astype(np.int32) if len(c.names) < 46_000 else pair.astype(np.float64)


_NUMBERS = ("margin_drop", "new_confidence", "old_confidence", "confidence_lost", "old_margin", "new_margin", "loss")
_COLUMNS: dict[str, Callable[[Comparison], npt.NDArray[Any]]] = {
    "class": lambda c: _by_name(c.truth, c),
    "answer": lambda c: _by_name(c.new_answer, c),
    "old_answer": lambda c: _by_name(c.old_answer, c),
    "kind": lambda c: c.kinds,
    "cause": lambda c: c.causes,
    "mark": lambda c: c.marks,
    "flow": _flow,
    "id": lambda c: c.id_rank,
    "order": lambda c: np.arange(len(c), dtype=np.int32),
}
