"""Finding samples: facet counts under a filter. Array operations only. Letters: N samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.annotations import Cause
from mpt_studio.compare.blocks import Stop, never
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.causes import causes
from mpt_studio.compare.finding.counting import SMALL, Code, Counter, join
from mpt_studio.compare.finding.filters import Filter, Interval
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.predictions import Ints

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
    counter = Counter(comparison, chosen, stop)
    traits, classes = _traits(comparison, stop), _classes(comparison, stop)
    found = {name: counter.count(code, name, name) for code in (traits, *classes) for name in code.shape}
    marked, marks = _marked(comparison)
    of_cause = dict(zip(Cause, found["causes"], strict=True))
    return Facets(
        kinds=dict(zip(FlipKind, found["kinds"], strict=True)),
        truths=dict(zip(comparison.names, found["truths"], strict=True)),
        answers=dict(zip(comparison.names, found["answers"], strict=True)),
        causes={cause: count for cause, count in of_cause.items() if cause != Cause.NONE},
        drops=dict(zip(DROP_BINS, found["drops"], strict=False)),
        confidences=dict(zip(CONFIDENCE_BINS, found["confidences"], strict=False)),
        marks=dict(zip(Mark, counter.few(marked, marks, len(Mark), "marks"), strict=True)),
        columns=_column_counts(comparison, chosen, counter),
        shown=counter.shown,
    )


def _traits(c: Comparison, stop: Stop) -> Code:
    """Flip kind, cause and bins as one code; kept until the causes change. The bin after the last is for NaN."""
    reasons = causes(c)

    def joined() -> Code:
        drop, confidence = c.margin_drop, c.new_confidence
        digits: dict[str, Callable[[slice], npt.NDArray[Any]]] = {
            "kinds": lambda part: c.kinds[part],
            "causes": lambda part: reasons[part],
            "drops": lambda part: _binned(drop[part], _DROPS),
            "confidences": lambda part: _binned(confidence[part], _CONFIDENCES),
        }
        shape = {
            "kinds": len(FlipKind), "causes": len(Cause),
            "drops": len(DROP_BINS) + 1, "confidences": len(CONFIDENCE_BINS) + 1,
        }  # fmt: skip
        return join(len(c), shape, digits, stop)

    return c.memo.once(("traits",), joined, since=reasons)


def _classes(c: Comparison, stop: Stop) -> list[Code]:
    """True class and new answer as one code; as two where that would be a large table."""
    n = len(c.names)

    def codes() -> list[Code]:
        if n * n > SMALL:
            return [Code(c.truth, {"truths": n}), Code(c.new_answer, {"answers": n})]
        digits = {"truths": lambda part: c.truth[part], "answers": lambda part: c.new_answer[part]}
        return [join(len(c), {"truths": n, "answers": n}, digits, stop)]

    return c.memo.once(("classes",), codes)


def _marked(c: Comparison) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Rows that have a mark, and the marks; kept until they change."""
    marks = c.marks
    rows = c.memo.once(("marked",), lambda: np.flatnonzero(marks), since=marks)
    return rows, marks[rows]


def _binned(values: npt.NDArray[Any], edges: tuple[float, ...]) -> npt.NDArray[np.uint8]:
    """Each value's bin; the one after the last for NaN."""
    place = np.zeros(len(values), dtype=np.uint8)
    for edge in edges:
        place += (values >= edge).view(np.uint8)
    place[np.isnan(values)] = len(edges) + 1
    return place


def _column_counts(c: Comparison, chosen: Filter, counter: Counter) -> dict[str, dict[str, int]]:
    """Of the metadata's columns with few values."""
    if c.metadata is None:
        return {}
    conditions = {among.column: f"columns:{i}" for i, among in enumerate(chosen.columns)}
    found = {}
    for name in c.metadata.facets:
        column, called = c.metadata.columns[name], f"column {name}"
        code = Code(column.codes, {called: len(column.values)})
        found[name] = dict(zip(column.values, counter.count(code, called, conditions.get(name, "all")), strict=True))
    return found
