"""Calibration: whether a version is right as often as it says.

The expected calibration error (ECE) is the mean distance between confidence and accuracy over bins of confidence,
weighted by their samples. Of few samples it is too large by chance, which its interval shows.

Shape letters: N samples, M bins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.comparison import Comparison, Side
from mpt_studio.compare.figures.missing import why_not
from mpt_studio.compare.tally import Subset
from mpt_studio.errors import UserError

BINS = 15
RESAMPLES, SEED = 1000, 0
_FINE = 64
"""Parts of a bin whose samples are drawn as one, so that a million samples take no longer than a thousand."""
_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Samples of about the same confidence, for a reliability plot."""

    low: float
    high: float
    samples: int
    confidence: float | None
    """Their mean; None without samples, as is …"""
    accuracy: float | None


@dataclass(frozen=True)
class Calibration:
    """Of one version on a subset of the samples."""

    samples: int
    ece: float | None
    """None without samples."""
    bins: tuple[Bin, ...]
    counts: _Numbers = field(repr=False, compare=False)
    """(3, cells) samples, sums of their confidence and right answers of fine parts of the bins."""

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """95 %, from resamples of the samples with a fixed seed."""
        return None if self.ece is None else _interval(self.counts, self.ece)

    def to_json(self) -> dict[str, Any]:
        return {
            "samples": self.samples,
            "ece": self.ece,
            "ece_ci95": list(self.interval) if self.interval else None,
            "bins": [vars(each) for each in self.bins],
        }


def calibration(comparison: Comparison, side: Side, subset: Subset) -> Calibration:
    """Of the old model or of the update as it is on show, γ included. Raises ``UserError`` without scores."""
    if reason := _reason(comparison, side):
        raise UserError(reason)
    key = ("calibration", side, subset)
    return comparison.memo.once(key, lambda: _of(comparison, side, subset))


def _of(comparison: Comparison, side: Side, subset: Subset) -> Calibration:
    inside = comparison.mask(subset)
    confidence = comparison.old_confidence if side == "old" else comparison.new_confidence
    answer = comparison.old_answer if side == "old" else comparison.new_answer
    right = answer[inside] == comparison.truth[inside]
    return calibrated(np.asarray(confidence[inside], np.float64), right)


def calibrated(confidence_N: _Numbers, right_N: npt.NDArray[np.bool_]) -> Calibration:
    """Of the confidence in each answer and whether it was right."""
    cells = np.clip((confidence_N * BINS * _FINE).astype(np.int64), 0, BINS * _FINE - 1)
    each = np.ones_like(confidence_N)
    counts: _Numbers = np.stack([np.bincount(cells, of, BINS * _FINE) for of in (each, confidence_N, right_N)])
    total, sums, rights = (part.reshape(BINS, _FINE).sum(axis=1) for part in counts)
    bins = tuple(
        Bin(i / BINS, (i + 1) / BINS, int(n), s / n if n else None, r / n if n else None)
        for i, (n, s, r) in enumerate(zip(total.tolist(), sums.tolist(), rights.tolist(), strict=True))
    )
    if not len(confidence_N):
        return Calibration(0, None, bins, counts)
    ece = float(np.abs(sums - rights).sum() / len(confidence_N))
    return Calibration(len(confidence_N), ece, bins, counts)


def _interval(counts: _Numbers, ece: float) -> tuple[float, float]:
    """Percentiles of the ECE of resamples: right and wrong samples of each cell, with the cell's mean confidence."""
    samples, sums, rights = counts
    mean = np.divide(sums, samples, out=np.zeros_like(sums), where=samples > 0)
    kinds, gaps = _by_bin(rights, samples - rights), _by_bin(mean - 1, mean)
    there = np.flatnonzero(kinds > 0)
    drawn = np.random.default_rng(SEED).multinomial(int(kinds.sum()), kinds[there] / kinds.sum(), size=RESAMPLES)
    _, begins = np.unique(there // (2 * _FINE), return_index=True)
    found = np.abs(np.add.reduceat(drawn * gaps[there], begins, axis=1)).sum(axis=1) / kinds.sum()
    low, high = np.percentile(found, (2.5, 97.5))
    return min(float(low), ece), max(float(high), ece)


def _by_bin(right: _Numbers, wrong: _Numbers) -> _Numbers:
    """Values of cells of right and of wrong samples, those of a bin beside each other."""
    return np.stack([right.reshape(BINS, _FINE), wrong.reshape(BINS, _FINE)], axis=1).ravel()


def calibrations(comparison: Comparison) -> dict[str, Any]:
    """Of the old model on its own classes, of the update on these and on all.

    Returns {"old" and "new": {subset: ``Calibration``} or null, "not_available": [sentence]}.
    """
    told: dict[Side, tuple[Subset, ...]] = {"old": ("old_classes",), "new": ("old_classes", "all")}
    record: dict[str, Any] = {
        side: None
        if side in comparison.without_scores
        else {subset: calibration(comparison, side, subset).to_json() for subset in subsets}
        for side, subsets in told.items()
    }
    reasons = [_reason(comparison, side) for side in told]
    return {**record, "not_available": [sentence for sentence in reasons if sentence]}


def _reason(comparison: Comparison, side: Side) -> str:
    return why_not(comparison, "calibration", (side,))
