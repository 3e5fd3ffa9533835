"""Which candidate to ship, and why, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.frontier import frontier
from mpt_studio.compare.tally import SUBSET_WORDS, Subset


@dataclass(frozen=True)
class Recommendation:
    """The candidate to look at first."""

    key: str
    """Its key among the candidates; empty where none of them is within the tolerance."""
    reason: str
    """One sentence with subset names and sample counts."""


def deciding_subset(comparison: Comparison) -> Subset:
    """Whose NFR decides: old classes, or all samples where the test part has none of those."""
    return "old_classes" if comparison.rates("old_classes").samples else "all"


def recommend(plain: Comparison, candidates: Mapping[str, Comparison], tolerance: float = 0.02) -> Recommendation:
    """The lowest NFR (old classes) among candidates whose accuracy (all) is within ``tolerance`` of plain training's.

    Equal ones by higher accuracy, then by their order. Plain training may be among the candidates.
    """
    floor = _accuracy(plain) - tolerance
    fit = {key: c for key, c in candidates.items() if _accuracy(c) >= floor - 1e-12}
    points = f"within {100 * tolerance:g} points of plain training's {_percent(_accuracy(plain))}"
    every = f"(all, n={len(plain):,})"
    if not fit:
        return Recommendation("", f"No candidate's accuracy {every} is {points}.")
    key = min(fit, key=lambda k: (_nfr(fit[k]), -_accuracy(fit[k])))
    best = fit[key]
    words, n = _subset(best)
    what = f"{best.new.version or key} has the lowest NFR ({words}, n={n:,}): {_percent(_nfr(best))}"
    if best is plain:
        return Recommendation(key, f"{what}, among the candidates whose accuracy {every} is {points}.")
    return Recommendation(
        key,
        f"{what} against {_percent(_nfr(plain))} with plain training; "
        f"its accuracy {every} of {_percent(_accuracy(best))} is {points}.",
    )


@dataclass(frozen=True)
class OffsetRecommendation:
    """A candidate and the logit offset to ship it with."""

    key: str
    """Its key among the candidates; empty where no point is within the tolerance."""
    gamma: float
    reason: str
    """One sentence with subset names and sample counts."""


def recommend_offset(
    plain: Comparison, candidates: Mapping[str, Comparison], tolerance: float = 0.02
) -> OffsetRecommendation:
    """As ``recommend``, over every candidate's whole frontier, and the offset that reaches the lowest NFR.

    Equal ones by higher accuracy (all), then by the smaller change |γ|.
    """
    floor = _accuracy(plain) - tolerance - 1e-12
    points = [
        (float(nfr), -float(accuracy), abs(float(gamma)), key, float(gamma))
        for key, candidate in candidates.items()
        for curve in [frontier(candidate)]
        for gamma, accuracy, nfr in zip(curve.offset, curve.accuracy_all, curve.nfr, strict=True)
        if accuracy >= floor
    ]
    within = f"within {100 * tolerance:g} points of plain training's {_percent(_accuracy(plain))}"
    if not points:
        return OffsetRecommendation(
            "", 0.0, f"No candidate's accuracy (all, n={len(plain):,}) is {within} at any offset."
        )
    nfr, accuracy, _, key, gamma = min(points, key=lambda point: point[:3])
    best = candidates[key]
    words, n = _subset(best)
    return OffsetRecommendation(
        key,
        gamma,
        f"{best.new.version or key} with logit offset γ = {_offset(gamma)} has the lowest NFR ({words}, n={n:,}): "
        f"{_percent(nfr)}; its accuracy (all, n={len(best):,}) of {_percent(-accuracy)} is {within}.",
    )


def _accuracy(comparison: Comparison) -> float:
    return comparison.rates("all").accuracy_new or 0.0


def _nfr(comparison: Comparison) -> float:
    return comparison.rates(deciding_subset(comparison)).nfr or 0.0


def _subset(comparison: Comparison) -> tuple[str, int]:
    subset = deciding_subset(comparison)
    return SUBSET_WORDS[subset], comparison.rates(subset).samples


def _offset(gamma: float) -> str:
    return f"{gamma:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"
