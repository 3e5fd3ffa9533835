"""Which samples to show, as a frozen value; each field that filters is a mask of array operations.

A new kind of filter is a field of ``Filter`` and a row in ``_CONDITIONS``; ``query`` writes and reads it as text.
Letters: N samples.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.annotations import CAUSE_NAMES, Cause
from mpt_studio.compare.blocks import BLOCK, Stop, check, never, parts
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.causes import causes
from mpt_studio.compare.matching.ids import as_bytes, containing
from mpt_studio.compare.matching.matching import Bools, positions
from mpt_studio.compare.tally import Subset
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.predictions import Ints

KIND_WORDS = {
    FlipKind.BOTH_RIGHT: "both right",
    FlipKind.NEGATIVE: "negative flip",
    FlipKind.POSITIVE: "positive flip",
    FlipKind.BOTH_WRONG: "both wrong",
}
MARK_WORDS = {
    Mark.NONE: "not marked",
    Mark.ACCEPTABLE: "acceptable",
    Mark.BLOCKER: "blocker",
    Mark.LABEL_WRONG: "label wrong",
}
Operator = Literal[">=", "<=", ">", "<", "="]
_SEARCHED = ("margin_drop", "confidence", "old_confidence", "confidence_lost", "old_margin", "new_margin", "loss")
NUMBER_WORDS = {name: missing.NEEDS[name][0] for name in _SEARCHED}
"""The comparison's columns of numbers that can be searched, and what people call them."""
_KEPT_MASKS = 12
_FEW = 8
"""Up to so many names are compared one by one, more are looked up."""
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less, "=": np.equal,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples chosen elsewhere: a point of a chart, a selection."""

    rows: Ints
    """Rows of the comparison that they were chosen in."""
    origin: str
    """Where they come from, for people ("frontier, offset 2")."""


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` up to and without ``high``; None is no bound."""

    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None:
            return "any" if self.high is None else f"below {self.high:g}"
        return f"{self.low:g} or more" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Range:
    """A comparison of a number of ``NUMBER_WORDS``, or of a metadata column, with a value."""

    name: str
    operator: Operator
    value: float

    def __str__(self) -> str:
        sign = self.operator.replace(">=", "≥").replace("<=", "≤")
        return f"{NUMBER_WORDS.get(self.name, self.name)} {sign} {self.value:g}"


@dataclass(frozen=True)
class Among:
    """Values of a metadata column that are alternatives."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Filter:
    """Which samples to show. Empty fields do not filter; values within a field are alternatives.

    Only ``ranges``, ``words`` and ``columns`` hold conditions that all have to be met.
    """

    kinds: tuple[FlipKind, ...] = ()
    truths: tuple[str, ...] = ()
    """Names of true classes."""
    answers: tuple[str, ...] = ()
    """Names of the update's answers."""
    old_answers: tuple[str, ...] = ()
    """Names of the old model's answers."""
    causes: tuple[Cause, ...] = ()
    marks: tuple[Mark, ...] = ()
    subset: Subset = "all"
    min_drop: float | None = None
    """Smallest margin drop."""
    max_drop: float | None = None
    drops: tuple[Interval, ...] = ()
    """Bins of the margin drop."""
    confidences: tuple[Interval, ...] = ()
    """Bins of the update's confidence."""
    ranges: tuple[Range, ...] = ()
    to_new_class: bool | None = None
    """Whether the update's answer is a class that the old model lacks."""
    text: str = ""
    """Part of the sample id, in any case."""
    ids: tuple[str, ...] = ()
    """Patterns of sample ids with * and ?, in any case."""
    words: tuple[str, ...] = ()
    """Parts of the sample id or of a class's name (truth or either answer), in any case; all have to be there."""
    columns: tuple[Among, ...] = ()
    """Values of metadata columns."""
    samples: Samples | None = field(default=None)

    def apply(self, comparison: Comparison, stop: Stop = never) -> Ints:
        """Rows that fit, ascending. Raises ``Cancelled`` once ``stop`` says so."""
        masks = self.masks(comparison, stop)
        if not masks:
            return np.arange(len(comparison), dtype=np.int64)
        return np.flatnonzero(all_of(masks)).astype(np.int64)

    def masks(self, comparison: Comparison, stop: Stop = never) -> dict[str, Bools]:
        """Condition → (N,) samples that fit it. Conditions are called by their field, or "field:number" in a list."""
        found = {}
        for name, value in self._conditions():
            check(stop)
            found[name] = _kept(comparison, name.partition(":")[0], value, stop)
        return found

    def _conditions(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for name in self.active():
            value = getattr(self, name)
            found += [(f"{name}:{i}", part) for i, part in enumerate(value)] if name in _LISTS else [(name, value)]
        return found

    def active(self) -> list[str]:
        """Names of the fields that filter."""
        return [f.name for f in dataclasses.fields(self) if getattr(self, f.name) != f.default]

    def chips(self) -> list[tuple[str, str]]:
        """(condition, short text) of each condition; ``without(condition)`` removes it."""
        return [(name, _CONDITIONS[name.partition(":")[0]].says(value)) for name, value in self._conditions()]

    def without(self, name: str) -> Filter:
        """The filter with one field emptied, or one condition of a list ("ranges:0") removed."""
        name, _, place = name.partition(":")
        kept = getattr(Filter(), name)
        if place:
            kept = tuple(part for i, part in enumerate(getattr(self, name)) if i != int(place))
        return dataclasses.replace(self, **{name: kept})

    def values_of(self, column: str) -> tuple[str, ...]:
        """The chosen values of a metadata column."""
        return next((among.values for among in self.columns if among.column == column), ())

    def toggled(self, column: str, value: str) -> Filter:
        """The filter with one value of a metadata column added, or removed where it is there."""
        before = self.values_of(column)
        values = tuple(v for v in before if v != value) if value in before else (*before, value)
        others = tuple(among for among in self.columns if among.column != column)
        return dataclasses.replace(self, columns=(*others, Among(column, values)) if values else others)


def all_of(masks: dict[str, Bools], but: str = "") -> Bools:
    """(N,) samples that fit every mask but one; ``masks`` must hold another one. Not to be written to."""
    chosen = [mask for name, mask in masks.items() if name != but]
    if len(chosen) == 1:
        return chosen[0]
    fitting = chosen[0] & chosen[1]
    for mask in chosen[2:]:
        fitting &= mask
    return fitting


_LISTS = ("ranges", "words", "columns")
_CHANGING = ("marks", "causes", "ranges", "columns")
"""Conditions on what may change while a comparison is open."""


def _kept(comparison: Comparison, name: str, value: Any, stop: Stop) -> Bools:
    """The condition's mask; the last few are kept, so that changing one condition costs one mask."""
    of = ("mask", name, value, comparison.annotations.revision if name in _CHANGING else 0)

    def mask() -> Bools:
        check(stop)
        return _CONDITIONS[name].fits(comparison, value, stop)

    return comparison.memo.once(of, mask, most=_KEPT_MASKS)


@dataclass(frozen=True)
class _Condition:
    fits: Callable[[Comparison, Any, Stop], Bools]
    says: Callable[[Any], str]


def _plain(fits: Callable[[Comparison, Any], Bools]) -> Callable[[Comparison, Any, Stop], Bools]:
    return lambda comparison, value, stop: fits(comparison, value)


def named(values: npt.NDArray[np.int32], comparison: Comparison, wanted: tuple[str, ...]) -> Bools:
    """(N,) where ``values`` (class indices) are among the wanted names; unheard-of names fit nothing."""
    found = np.zeros(len(values), dtype=bool)
    places = [place for place in positions(wanted, comparison.names).tolist() if place >= 0]
    if len(places) <= _FEW:
        return _coded(values, tuple(places))
    lookup = np.zeros(len(comparison.names) + 1, dtype=bool)
    lookup[places] = True
    for part in parts(len(values), BLOCK):
        lookup.take(values[part], out=found[part], mode="wrap")  # −1 is the last one
    return found


def _coded(values: npt.NDArray[Any], wanted: tuple[int, ...]) -> Bools:
    found = np.zeros(len(values), dtype=bool)
    for part in parts(len(values), BLOCK):
        for value in wanted:
            found[part] |= values[part] == values.dtype.type(value)
    return found


def _within(values: npt.NDArray[Any], wanted: tuple[Interval, ...]) -> Bools:
    found = np.zeros(len(values), dtype=bool)
    for part in parts(len(values), BLOCK):
        for interval in wanted:
            found[part] |= _inside(values[part], interval)
    return found


def _inside(values: npt.NDArray[Any], interval: Interval) -> Bools:
    """NaN is inside no interval."""
    inside: Bools = ~np.isnan(values) if interval.low is None else values >= interval.low
    if interval.high is not None:
        inside &= values < interval.high
    return inside


def number_column(comparison: Comparison, name: str) -> npt.NDArray[Any]:
    """(N,) a column of ``NUMBER_WORDS`` or of the metadata.

    Raises ``UserError`` where there is none of this name, and where it needs scores that a version did not give.
    """
    if name in NUMBER_WORDS:
        missing.refuse(comparison, name)
        return comparison.numbers(name)
    column = comparison.metadata.columns.get(name) if comparison.metadata else None
    if column is None or column.numbers is None:
        raise UserError(f"There is no column of numbers called {name!r}; open the metadata file that has it.")
    return column.numbers


def _in_column(comparison: Comparison, wanted: Among) -> Bools:
    column = comparison.metadata.columns.get(wanted.column) if comparison.metadata else None
    if column is None:
        raise UserError(f"There is no metadata column {wanted.column!r}; open the metadata file that has it.")
    if column.numbers is not None:
        return np.isin(column.numbers, [float(v) for v in wanted.values if _is_number(v)])
    lower = {value.lower() for value in wanted.values}
    lookup = np.array([*(value.lower() in lower for value in column.values), False])
    found: Bools = lookup.take(column.codes)  # −1 is the last one
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _with_word(comparison: Comparison, word: str, stop: Stop) -> Bools:
    """The names' lookup costs little, so the ids are searched only where no name decides."""
    found = containing(comparison.lower_ids, word, stop)
    classes = tuple(name for name in comparison.names if word.lower() in name.lower())
    if classes:
        for column in (comparison.truth, comparison.new_answer, comparison.old_answer):
            found |= named(column, comparison, classes)
    return found


def _like(comparison: Comparison, patterns: tuple[str, ...], stop: Stop) -> Bools:
    found = np.zeros(len(comparison), dtype=bool)
    for pattern in patterns:
        longest = max(re.split(r"[*?]+", pattern), key=len)
        maybe = np.flatnonzero(containing(comparison.lower_ids, longest, stop)) if longest else np.arange(len(found))
        fits = re.compile(_pattern(pattern)).match
        for part in parts(len(maybe), 50_000, stop):
            rows = maybe[part]
            found[rows] = [fits(text) is not None for text in comparison.lower_ids[rows].tolist()]
    return found


def _pattern(pattern: str) -> bytes:
    """``pattern`` (only * and ? are special) as a regular expression over lower-case UTF-8."""
    pieces = {"*": b"(?s:.*)", "?": b"(?s:.)"}
    return b"".join(pieces.get(c) or re.escape(as_bytes(c)) for c in pattern) + rb"\Z"


def _among(comparison: Comparison, samples: Samples) -> Bools:
    chosen = np.zeros(len(comparison), dtype=bool)
    chosen[samples.rows[samples.rows < len(comparison)]] = True
    return chosen


def _either(what: str) -> Callable[[tuple[Any, ...]], str]:
    def says(names: tuple[Any, ...]) -> str:
        shown = " or ".join(map(str, names[:3]))
        return f"{what}: {shown}" + (f" or {len(names) - 3} more" if len(names) > 3 else "")

    return says


_CONDITIONS: dict[str, _Condition] = {
    "kinds": _Condition(
        _plain(lambda c, kinds: _coded(c.kinds, kinds)),
        lambda kinds: " or ".join(KIND_WORDS[FlipKind(kind)] for kind in kinds),
    ),
    "causes": _Condition(
        _plain(lambda c, chosen: _coded(causes(c), chosen)),
        lambda chosen: " or ".join(CAUSE_NAMES[Cause(cause)] for cause in chosen),
    ),
    "marks": _Condition(
        _plain(lambda c, marks: _coded(c.marks, marks)),
        lambda marks: " or ".join(MARK_WORDS[Mark(mark)] for mark in marks),
    ),
    "truths": _Condition(_plain(lambda c, names: named(c.truth, c, names)), _either("true class")),
    "answers": _Condition(_plain(lambda c, names: named(c.new_answer, c, names)), _either("new answer")),
    "old_answers": _Condition(_plain(lambda c, names: named(c.old_answer, c, names)), _either("old answer")),
    "subset": _Condition(_plain(lambda c, subset: c.mask(subset)), lambda subset: str(subset).replace("_", " ")),
    "min_drop": _Condition(
        _plain(lambda c, v: number_column(c, "margin_drop") >= v), lambda least: f"margin drop ≥ {least:g}"
    ),
    "max_drop": _Condition(
        _plain(lambda c, v: number_column(c, "margin_drop") <= v), lambda most: f"margin drop ≤ {most:g}"
    ),
    "drops": _Condition(_plain(lambda c, bins: _within(number_column(c, "margin_drop"), bins)), _either("margin drop")),
    "confidences": _Condition(
        _plain(lambda c, bins: _within(number_column(c, "confidence"), bins)), _either("confidence")
    ),
    "ranges": _Condition(
        _plain(lambda c, wanted: _COMPARE[wanted.operator](number_column(c, wanted.name), wanted.value)), str
    ),
    "to_new_class": _Condition(
        _plain(lambda c, new: c.to_new_class == new),
        lambda new: f"new answer is {'a new' if new else 'an old'} class",
    ),
    "text": _Condition(lambda c, text, stop: containing(c.lower_ids, text, stop), lambda text: f"id contains “{text}”"),
    "ids": _Condition(_like, _either("id")),
    "words": _Condition(_with_word, lambda word: f"“{word}”"),
    "columns": _Condition(_plain(_in_column), lambda among: _either(among.column)(among.values)),
    "samples": _Condition(_plain(_among), lambda samples: samples.origin),
}
