"""Flip arithmetic: kinds of flips, the 2×2 table, and every rate that follows from it.

Formulas: Bansal et al., AAAI 2019 (BTC, BEC); Yan et al., CVPR 2021 (NFR, relative NFR); Ricci et al., AAAI 2026.
b counts negative flips and c positive flips; a both right, d both wrong; n = a + b + c + d.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


class FlipKind(IntEnum):
    """What an update did to one sample; the values are stored in arrays."""

    BOTH_RIGHT = 0
    NEGATIVE = 1
    POSITIVE = 2
    BOTH_WRONG = 3


OLD_RIGHT = (FlipKind.BOTH_RIGHT, FlipKind.NEGATIVE)
NEW_RIGHT = (FlipKind.BOTH_RIGHT, FlipKind.POSITIVE)


class Mark(IntEnum):
    """What a person said of a flip; the values are stored in arrays and on disk."""

    NONE = 0
    ACCEPTABLE = 1
    BLOCKER = 2
    LABEL_WRONG = 3


def flip_kinds(old_right: Bools, new_right: Bools) -> npt.NDArray[np.uint8]:
    """(N,) ``FlipKind`` values of samples that the old model and the update get right or wrong."""
    return (~new_right).astype(np.uint8) + np.uint8(2) * (~old_right).astype(np.uint8)


Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: z of a 95 % interval."""


def wilson(count: float, samples: float, z: float = Z95) -> tuple[float, float] | None:
    """Wilson interval of a proportion, 95 % unless ``z`` says otherwise, as fractions; None where there are no samples.

    Wilson, JASA 22 (1927).
    """
    if samples == 0:
        return None
    p, z2 = count / samples, z * z
    centre = (p + z2 / (2 * samples)) / (1 + z2 / samples)
    half = z / (1 + z2 / samples) * math.sqrt(p * (1 - p) / samples + z2 / (4 * samples * samples))
    return (0.0 if count == 0 else max(0.0, centre - half), 1.0 if count == samples else min(1.0, centre + half))


def mcnemar_p(negative: int, positive: int) -> float:
    """Two-sided p value of McNemar's exact test on the flips: are b and c equally likely? 1 without flips."""
    n = negative + positive
    if n == 0:
        return 1.0
    middle, few = n // 2, min(negative, positive)
    # Terms C(n, k) relative to the middle one, for k = middle, middle − 1, …, by C(n, k−1) = C(n, k)·k/(n−k+1):
    # no factorials, so no cancellation. Beyond 20·√n steps they are below the smallest double.
    k = np.arange(middle, max(0, middle - 20 * math.isqrt(n) - 20), -1, dtype=np.float64)
    terms = np.concatenate([[1.0], np.cumprod(k / (n - k + 1))])
    tail = terms[middle - few :].sum() if middle - few < len(terms) else 0.0
    whole = 2 * terms.sum() - (1.0 if n % 2 == 0 else 0.0)  # the lower half, mirrored; an even n has one middle
    return min(1.0, 2.0 * float(tail / whole))


def ratio(part: float, whole: float) -> float | None:
    """``part / whole``, undefined (None) where the denominator is 0."""
    return part / whole if whole else None


class Share:
    """A rate: one count of another, undefined (None) where the other is 0.

    Of the table of one subset it is the number (``rates.nfr``), of the class what that is counted of (``Rates.nfr``).
    """

    name: str

    def __init__(self, counts: Callable[[Rates], tuple[int, int]]) -> None:
        self.counts = counts
        """The part and the whole."""

    def __set_name__(self, owner: type[Rates], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, rates: None, owner: type[Rates]) -> Share: ...
    @overload
    def __get__(self, rates: Rates, owner: type[Rates]) -> float | None: ...
    def __get__(self, rates: Rates | None, owner: type[Rates]) -> Share | float | None:
        return self if rates is None else self.of(rates)

    def of(self, rates: Rates) -> float | None:
        """The rate."""
        return ratio(*self.counts(rates))

    def interval(self, rates: Rates) -> tuple[float, float] | None:
        """Wilson 95 % interval; None where the rate is undefined."""
        return wilson(*self.counts(rates))


@dataclass(frozen=True)
class Rates:
    """The 2×2 table of one subset; all rates are fractions of it."""

    both_right: int
    negative_flips: int
    positive_flips: int
    both_wrong: int
    answers_changed: int
    """Samples whose predicted class differs."""
    intrusions: int
    """Negative flips whose new answer is a new class."""
    confidence_lost: float = 0.0
    """Sum over negative flips of (max p_new − p_new[y])."""

    @property
    def samples(self) -> int:
        return self.both_right + self.negative_flips + self.positive_flips + self.both_wrong

    accuracy_old = Share(lambda r: (r.both_right + r.negative_flips, r.samples))
    accuracy_new = Share(lambda r: (r.both_right + r.positive_flips, r.samples))
    nfr = Share(lambda r: (r.negative_flips, r.samples))
    pfr = Share(lambda r: (r.positive_flips, r.samples))
    nfi = Share(lambda r: (r.negative_flips, r.negative_flips + r.both_wrong))
    """Share of the update's errors that are negative flips."""
    pfi = Share(lambda r: (r.positive_flips, r.both_right + r.positive_flips))
    """Share of the update's right answers that are positive flips."""
    btc = Share(lambda r: (r.both_right, r.both_right + r.negative_flips))
    """Backward trust compatibility: share of the old model's right answers that stay right."""
    bec = Share(lambda r: (r.both_wrong, r.positive_flips + r.both_wrong))
    """Backward error compatibility: share of the old model's errors among the update's errors there."""
    churn = Share(lambda r: (r.answers_changed, r.samples))
    new_class_intrusion = Share(lambda r: (r.intrusions, r.negative_flips))

    @property
    def relative_nfr(self) -> float | None:
        """NFR against what errors independent of the old model's would give; 1 is chance."""
        right_old = self.both_right + self.negative_flips
        wrong_new = self.negative_flips + self.both_wrong
        return ratio(self.negative_flips * self.samples, right_old * wrong_new)

    @property
    def confidence_weighted_nfr(self) -> float | None:
        """None also where a version gave no scores, or the sum was not taken."""
        return None if math.isnan(self.confidence_lost) else ratio(self.confidence_lost, self.samples)

    @property
    def mcnemar_p(self) -> float:
        return mcnemar_p(self.negative_flips, self.positive_flips)

    def to_json(self) -> dict[str, Any]:
        """Counts, rates as fractions (undefined is None) and their 95 % intervals, by the field's names."""
        counts = ("samples", "both_right", "negative_flips", "positive_flips", "both_wrong")
        record: dict[str, Any] = {name: getattr(self, name) for name in counts}
        for share in SHARES:
            record[share.name] = share.of(self)
            record[f"{share.name}_ci95"] = share.interval(self)
        record["relative_nfr"] = self.relative_nfr
        record["confidence_weighted_nfr"] = self.confidence_weighted_nfr
        record["mcnemar_p"] = self.mcnemar_p
        return record


SHARES = tuple(each for each in vars(Rates).values() if isinstance(each, Share))


def rates(
    kinds: npt.NDArray[np.uint8],
    changed: Bools,
    to_new_class: Bools,
    confidence_lost: npt.NDArray[np.floating[Any]] | None = None,
    where: Bools | None = None,
) -> Rates:
    """Count one subset.

    Args:
        kinds: (N,) ``FlipKind`` values.
        changed: (N,) whether the predicted class differs.
        to_new_class: (N,) whether the update answers a class that the old model does not know.
        confidence_lost: (N,) max p_new − p_new[y], used at negative flips.
        where: (N,) the subset; all samples where None.
    """
    chosen = np.ones(len(kinds), dtype=bool) if where is None else where
    counts = np.bincount(kinds[chosen], minlength=4)
    negative = chosen & (kinds == FlipKind.NEGATIVE)
    lost = 0.0 if confidence_lost is None else math.fsum(confidence_lost[negative].tolist())
    return Rates(
        both_right=int(counts[FlipKind.BOTH_RIGHT]),
        negative_flips=int(counts[FlipKind.NEGATIVE]),
        positive_flips=int(counts[FlipKind.POSITIVE]),
        both_wrong=int(counts[FlipKind.BOTH_WRONG]),
        answers_changed=int((changed & chosen).sum()),
        intrusions=int((negative & to_new_class).sum()),
        confidence_lost=lost,
    )
