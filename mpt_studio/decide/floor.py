"""What anyone would ask of an update, whatever their policy: docs/decide.md has the rule for people."""

from __future__ import annotations

import math

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.classes import class_table
from mpt_studio.compare.figures.frontier import Frontier
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import SUBSET_WORDS, Subset
from mpt_studio.decide.intervals import EXACT, Bounds, Gain, outcome, tail_of, z_of
from mpt_studio.decide.verdict import Finding
from mpt_studio.flips import NEW_RIGHT, FlipKind

FAR_BELOW = 0.25
"""So much less accuracy than the old model's is far below it."""
ABOVE_CHANCE = 0.1
"""So much of the way from chance to perfect is the least that is better than chance."""
_TAIL = tail_of(0.95)
_SUBSETS: tuple[Subset, ...] = ("old_classes", "all")


def below_floor(comparison: Comparison) -> Finding | None:
    """Why nobody would ship an update, where that is sure; None where somebody might."""
    return _like_chance(comparison) or _far_below(comparison)


def not_far_below(comparison: Comparison, curve: Frontier) -> Bools:
    """(G,) the offsets at which an update is not far below the old model; the rest of the question takes longer."""
    old, every = (comparison.rates(subset).accuracy_old or 0.0 for subset in _SUBSETS)
    on_old = np.nan_to_num(curve.accuracy_old_classes, nan=1.0)
    near: Bools = (old - on_old <= FAR_BELOW + EXACT) & (every - curve.accuracy_all <= FAR_BELOW + EXACT)
    return near


def _like_chance(comparison: Comparison) -> Finding | None:
    """One answer to everything gets one class right and no other: of C classes 1/C on average."""
    table = class_table(comparison)[:, : len(FlipKind)]
    table = table[table.sum(axis=1) > 0]
    samples, right, classes = table.sum(axis=1), table[:, list(NEW_RIGHT)].sum(axis=1), len(table)
    if classes < 2:
        return None
    share, likely = float((right / samples).mean()), (right + 0.5) / (samples + 1)  # a class of one sample is unsure
    half = z_of(_TAIL) * math.sqrt((likely * (1 - likely) / (samples + 1)).sum()) / classes
    least, bounds = 1 / classes + ABOVE_CHANCE * (1 - 1 / classes), (max(0.0, share - half), min(1.0, share + half))
    words = f"mean of {classes:,} classes, above chance"
    return _refusal("min_accuracy", least, share, bounds, words, len(comparison))


def _far_below(comparison: Comparison) -> Finding | None:
    for subset in _SUBSETS:
        if n := (rates := comparison.rates(subset)).samples:
            gain = Gain(rates.negative_flips, rates.positive_flips, n)
            bounds = gain.bounds(_TAIL, _TAIL)
            if found := _refusal("min_accuracy_gain", -FAR_BELOW, gain.value, bounds, SUBSET_WORDS[subset], n):
                return found
    return None


def _refusal(name: str, least: float, value: float, bounds: Bounds, subset: str, n: int) -> Finding | None:
    if outcome(bounds, least, is_most=False) != "fail":
        return None
    return Finding(name, "floor", least, value, f"{subset}, whatever the policy", n, "fail", interval=bounds)
