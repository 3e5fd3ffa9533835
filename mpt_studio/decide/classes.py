"""The criterion on classes: none of them may flip more often than asked. Letters: L names of classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mpt_studio.compare.matching.matching import Bools
from mpt_studio.decide.court import Court
from mpt_studio.decide.intervals import ExactRate, Outcome
from mpt_studio.decide.question import Question, Tails
from mpt_studio.decide.verdict import ClassFinding, Finding
from mpt_studio.predictions import Ints

_NAME, _KEY = "max_class_nfr", "classes.max_nfr"
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "too little evidence", "pass")


@dataclass(frozen=True)
class _Judged:
    """One class."""

    index: int
    name: str
    question: Question
    rate: ExactRate
    tails: Tails
    outcome: Outcome

    @property
    def badness(self) -> tuple[int, float]:
        """To sort by: what decides comes first."""
        return _WORST_FIRST.index(self.outcome), -self.rate.value

    def finding(self) -> ClassFinding:
        further = self.question.further(self.rate, self.tails) if self.outcome == "too little evidence" else None
        bounds = self.question.bounds(self.rate, self.tails)
        return ClassFinding(
            self.name, self.rate.value, self.rate.samples, self.rate.count, bounds, self.outcome, further
        )


def judge_classes(court: Court, most: float) -> Finding:
    """By the binomial distribution, as classes have few samples, and corrected for their number."""
    judged = sorted(_judged(court, most), key=lambda each: each.badness)
    known = {each.index for each in judged}
    samples, names = _by_class(court, court.counted), court.comparison.names
    old = np.flatnonzero(~court.comparison.class_is_new).tolist()
    not_judged = tuple((names[i], int(samples[i])) for i in old if i not in known)
    if not judged:
        return court.finding(Question(_NAME, _KEY, most, True, "old classes", None), not_judged=not_judged)
    failing = [each for each in judged if each.outcome != "pass"]
    rows = np.flatnonzero(court.negative & np.isin(court.comparison.truth, [each.index for each in failing]))
    classes = tuple(each.finding() for each in failing)
    decides = judged[0]
    more = court.told(_KEY, rows) | {"classes": classes, "not_judged": not_judged, "outcome": decides.outcome}
    return replace(court.finding(decides.question, decides.tails), **more, further_samples=_further(classes, most))


def _judged(court: Court, most: float) -> list[_Judged]:
    samples, flipped = _by_class(court, court.counted), _by_class(court, court.negative)
    is_judged = ~court.comparison.class_is_new & (samples >= court.policy.min_samples)
    found = [
        (i, court.comparison.names[i], ExactRate(int(flipped[i]), int(samples[i]))) for i in np.flatnonzero(is_judged)
    ]
    asked = [(Question(_NAME, _KEY, most, True, f"old class {name}", rate), rate) for _, name, rate in found]
    every = zip(found, asked, court.rule.together(asked), strict=True)
    return [
        _Judged(int(i), name, question, rate, tails, court.rule.answer_by_tests(question, rate, tails))
        for (i, name, rate), (question, _), tails in every
    ]


def _by_class(court: Court, mask: Bools) -> Ints:
    """(L,) samples of each true class."""
    return np.bincount(court.comparison.truth[mask], minlength=len(court.comparison.names)).astype(np.int64)


def _further(classes: tuple[ClassFinding, ...], most: float) -> int | None:
    """More samples that settle the criterion: of one class that would fail, else of all that are undecided."""
    undecided = [each for each in classes if each.outcome == "too little evidence"]
    worse = [each.further_samples for each in undecided if each.nfr > most and each.further_samples]
    if worse:
        return min(worse)
    needed = [each.further_samples for each in undecided]
    return sum(n for n in needed if n) if needed and all(needed) else None
