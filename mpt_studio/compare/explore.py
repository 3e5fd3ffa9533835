"""Finding samples: filters as a frozen value, facet counts, sorting. Array operations only.

A new kind of filter (a mark) is a field of ``Filter`` and a row in ``_CONDITIONS``. Letters: N samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.causes import CAUSE_NAMES, Cause
from mpt_studio.compare.comparison import Comparison, Subset
from mpt_studio.compare.ids import containing
from mpt_studio.compare.matching import Bools, positions
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Ints

KIND_WORDS = {
    FlipKind.BOTH_RIGHT: "both right",
    FlipKind.NEGATIVE: "negative flip",
    FlipKind.POSITIVE: "positive flip",
    FlipKind.BOTH_WRONG: "both wrong",
}
Key = Literal[
    "margin_drop", "confidence", "old_confidence", "confidence_lost", "old_margin", "new_margin",
    "class", "answer", "old_answer", "kind", "id", "order",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples chosen elsewhere: a point of a chart, a selection."""

    rows: Ints
    """Rows of the comparison that they were chosen in."""
    origin: str
    """Where they come from, for people ("frontier, offset 2")."""


@dataclass(frozen=True)
class Filter:
    """Which samples to show. Empty fields do not filter; values within a field are alternatives."""

    kinds: tuple[FlipKind, ...] = ()
    truths: tuple[str, ...] = ()
    """Names of true classes."""
    answers: tuple[str, ...] = ()
    """Names of the update's answers."""
    old_answers: tuple[str, ...] = ()
    """Names of the old model's answers."""
    causes: tuple[Cause, ...] = ()
    subset: Subset = "all"
    min_drop: float | None = None
    """Smallest margin drop."""
    max_drop: float | None = None
    to_new_class: bool | None = None
    """Whether the update's answer is a class that the old model lacks."""
    text: str = ""
    """Part of the sample id, in any case."""
    samples: Samples | None = field(default=None)

    def apply(self, comparison: Comparison) -> Ints:
        """Rows that fit, ascending."""
        return np.flatnonzero(_all_but("", self.masks(comparison), len(comparison))).astype(np.int64)

    def masks(self, comparison: Comparison) -> dict[str, Bools]:
        """Field → (N,) samples that fit it, for the fields that filter."""
        return {name: _CONDITIONS[name].fits(comparison, getattr(self, name)) for name in self.active()}

    def active(self) -> list[str]:
        """Names of the fields that filter."""
        return [f.name for f in dataclasses.fields(self) if getattr(self, f.name) != f.default]

    def chips(self) -> list[tuple[str, str]]:
        """(field, short text) of each field that filters; ``without(field)`` removes it."""
        return [(name, _CONDITIONS[name].says(getattr(self, name))) for name in self.active()]

    def without(self, name: str) -> Filter:
        """The filter with one field emptied."""
        return dataclasses.replace(self, **{name: getattr(Filter(), name)})


@dataclass(frozen=True)
class Facets:
    """How many samples each value would show; a facet is counted with all other fields applied, but not its own."""

    kinds: dict[FlipKind, int]
    truths: dict[str, int]
    """Every class, in the order of ``Comparison.names``."""
    answers: dict[str, int]
    """Every class, in the order of ``Comparison.names``."""
    causes: dict[Cause, int] = field(default_factory=dict)
    """Every cause of a negative flip."""


def facets(comparison: Comparison, chosen: Filter) -> Facets:
    """Count kinds, true classes and new answers under a filter."""
    masks = chosen.masks(comparison)

    def counts(name: str, values: npt.NDArray[Any], size: int) -> list[int]:
        fitting = _all_but(name, masks, len(comparison))
        return [int(count) for count in np.bincount(values[fitting], minlength=size)]

    names = comparison.names
    causes = dict(zip(Cause, counts("causes", comparison.causes, len(Cause)), strict=True))
    return Facets(
        kinds=dict(zip(FlipKind, counts("kinds", comparison.kinds, len(FlipKind)), strict=True)),
        truths=dict(zip(names, counts("truths", comparison.truth, len(names)), strict=True)),
        answers=dict(zip(names, counts("answers", comparison.new_answer, len(names)), strict=True)),
        causes={cause: count for cause, count in causes.items() if cause != Cause.NONE},
    )


def sort_rows(comparison: Comparison, rows: Ints, key: Key = "margin_drop", descending: bool = True) -> Ints:
    """``rows`` sorted by a column; equal ones keep their order, undefined values (NaN) come last either way."""
    values = _COLUMNS[key](comparison)[rows]
    ranked = values if values.dtype.kind == "f" else values.astype(np.int64)
    order = np.argsort(-ranked if descending else ranked, kind="stable")
    return rows[order]


def _all_but(name: str, masks: dict[str, Bools], n: int) -> Bools:
    fitting = np.ones(n, dtype=bool)
    for other, mask in masks.items():
        if other != name:
            fitting &= mask
    return fitting


@dataclass(frozen=True)
class _Condition:
    fits: Callable[[Comparison, Any], Bools]
    says: Callable[[Any], str]


def _named(values: npt.NDArray[np.int32], comparison: Comparison, wanted: tuple[str, ...]) -> Bools:
    lookup = np.zeros(len(comparison.names) + 1, dtype=bool)
    lookup[positions(wanted, comparison.names)] = True
    lookup[-1] = False  # names that this comparison does not have
    return lookup[values]


def _coded(values: npt.NDArray[np.uint8], wanted: tuple[int, ...]) -> Bools:
    lookup = np.zeros(256, dtype=bool)
    lookup[list(wanted)] = True
    return lookup[values]


def _with_text(comparison: Comparison, text: str) -> Bools:
    return containing(comparison.lower_ids, text)


def _among(comparison: Comparison, samples: Samples) -> Bools:
    chosen = np.zeros(len(comparison), dtype=bool)
    chosen[samples.rows[samples.rows < len(comparison)]] = True
    return chosen


def _either(what: str) -> Callable[[tuple[str, ...]], str]:
    def says(names: tuple[str, ...]) -> str:
        shown = " or ".join(names[:3])
        return f"{what}: {shown}" + (f" or {len(names) - 3} more" if len(names) > 3 else "")

    return says


_CONDITIONS: dict[str, _Condition] = {
    "kinds": _Condition(
        lambda c, kinds: _coded(c.kinds, kinds), lambda kinds: " or ".join(KIND_WORDS[FlipKind(kind)] for kind in kinds)
    ),
    "causes": _Condition(
        lambda c, causes: _coded(c.causes, causes),
        lambda causes: " or ".join(CAUSE_NAMES[Cause(cause)] for cause in causes),
    ),
    "truths": _Condition(lambda c, names: _named(c.truth, c, names), _either("true class")),
    "answers": _Condition(lambda c, names: _named(c.new_answer, c, names), _either("new answer")),
    "old_answers": _Condition(lambda c, names: _named(c.old_answer, c, names), _either("old answer")),
    "subset": _Condition(lambda c, subset: c.mask(subset), lambda subset: str(subset).replace("_", " ")),
    "min_drop": _Condition(lambda c, least: c.margin_drop >= least, lambda least: f"margin drop ≥ {least:g}"),
    "max_drop": _Condition(lambda c, most: c.margin_drop <= most, lambda most: f"margin drop ≤ {most:g}"),
    "to_new_class": _Condition(
        lambda c, new: c.to_new_class == new, lambda new: f"new answer is {'a new' if new else 'an old'} class"
    ),
    "text": _Condition(_with_text, lambda text: f"id contains “{text}”"),
    "samples": _Condition(_among, lambda samples: samples.origin),
}


def _rank(texts: npt.NDArray[np.str_]) -> Ints:
    """(len(texts),) place of each text in the alphabet of all; equal texts share one."""
    return np.unique(texts, return_inverse=True)[1].astype(np.int64)


def _by_name(values: npt.NDArray[np.int32], comparison: Comparison) -> Ints:
    return _rank(np.array(comparison.names))[values]


_COLUMNS: dict[str, Callable[[Comparison], npt.NDArray[Any]]] = {
    "margin_drop": lambda c: c.margin_drop,
    "confidence": lambda c: c.new_confidence,
    "old_confidence": lambda c: c.old_confidence,
    "confidence_lost": lambda c: c.confidence_lost,
    "old_margin": lambda c: c.old_margin,
    "new_margin": lambda c: c.new_margin,
    "class": lambda c: _by_name(c.truth, c),
    "answer": lambda c: _by_name(c.new_answer, c),
    "old_answer": lambda c: _by_name(c.old_answer, c),
    "kind": lambda c: c.kinds,
    "id": lambda c: _rank(c.sample_ids),
    "order": lambda c: np.arange(len(c)),
}
