"""A figure held against a threshold, alone or as one of several that are judged together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mpt_studio.decide.intervals import (
    EXACT,
    Bounds,
    Measured,
    Outcome,
    Tested,
    further,
    holm,
    outcome,
    tail_of,
)
from mpt_studio.predictions import Ints

USUAL_CONFIDENCE = 0.95
"""Of the intervals that are only told, where the values alone are judged."""


@dataclass(frozen=True)
class Tails:
    """How far out an interval's ends are: the one that has to be on the good side, and the other."""

    good: float
    bad: float
    together: int = 1
    """So many questions are judged together."""


@dataclass(frozen=True)
class Question:
    """A figure to be held against a threshold."""

    name: str
    key: str
    threshold: float
    is_most: bool
    """Whether the good side is below."""
    subset: str
    found: Measured | None
    """None without samples."""
    broken: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Rows that speak against it."""

    def bounds(self, found: Measured, tails: Tails) -> Bounds:
        """The figure's interval."""
        return found.bounds(*((tails.bad, tails.good) if self.is_most else (tails.good, tails.bad)))

    def further(self, found: Measured, tails: Tails) -> int | None:
        """So many more samples would settle it, were the rate to stay; None where no number would."""
        return further(found, self.threshold, tails.good if self.is_good(found.value) else tails.bad)

    def is_good(self, value: float) -> bool:
        """Whether the value alone is on the good side, the threshold included."""
        return (value - self.threshold) * (1 if self.is_most else -1) <= EXACT


@dataclass(frozen=True)
class Rule:
    """How an answer follows from a figure."""

    confidence: float
    by_value: bool
    """Whether the value alone counts."""

    @classmethod
    def of(cls, confidence: float) -> Rule:
        """Of a policy's confidence; 0 judges by the values alone."""
        return cls(confidence or USUAL_CONFIDENCE, confidence == 0)

    @property
    def alone(self) -> Tails:
        """Of a question that is judged by itself."""
        return Tails(tail_of(self.confidence), tail_of(self.confidence))

    def together(self, asked: Sequence[tuple[Question, Tested]]) -> list[Tails]:
        """Of several, corrected for their number."""
        below = [found.p_below(question.threshold) for question, found in asked]
        above = [found.p_above(question.threshold) for question, found in asked]
        pairs = [(b, a) if q.is_most else (a, b) for (q, _), b, a in zip(asked, below, above, strict=True)]
        good, bad = (holm([pair[side] for pair in pairs], tail_of(self.confidence)) for side in (0, 1))
        return [Tails(*tails, len(asked)) for tails in zip(good, bad, strict=True)]

    def answer(self, question: Question, found: Measured, bounds: Bounds) -> Outcome:
        """On which side it lies."""
        if self.by_value:
            return "pass" if question.is_good(found.value) else "fail"
        return outcome(bounds, question.threshold, is_most=question.is_most)

    def answer_by_tests(self, question: Question, found: Tested, tails: Tails) -> Outcome:
        """The same by its tests: a thousand intervals would take a second."""
        if self.by_value:
            return "pass" if question.is_good(found.value) else "fail"
        below, above = found.p_below(question.threshold), found.p_above(question.threshold)
        good, bad = (below, above) if question.is_most else (above, below)
        if good <= tails.good:
            return "pass"
        return "fail" if bad <= tails.bad else "too little evidence"
