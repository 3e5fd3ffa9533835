"""What anyone would ask of an update, whatever their policy: docs/decide.md has the rule for people."""

from __future__ import annotations

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.classes import class_table
from mpt_studio.compare.figures.frontier import Frontier
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import SUBSET_WORDS, Subset
from mpt_studio.flips import FlipKind
from mpt_studio.units import told

FAR_BELOW = 0.25
"""So much less accuracy than the old model's is far below it."""
ABOVE_CHANCE = 0.1
"""So much of the way from chance to perfect is the least that is better than chance."""
_SUBSETS: tuple[Subset, ...] = ("old_classes", "all")
_RIGHT = [FlipKind.BOTH_RIGHT, FlipKind.POSITIVE]


def out_of_question(comparison: Comparison) -> str:
    """Why nobody would ship an update, as the end of a sentence about it; empty where somebody might."""
    return _like_chance(comparison) or _far_below(comparison)


def not_far_below(comparison: Comparison, curve: Frontier) -> Bools:
    """(G,) the offsets at which an update is not far below the old model; the rest of the question takes longer."""
    old, every = (comparison.rates(subset).accuracy_old or 0.0 for subset in _SUBSETS)
    on_old = np.nan_to_num(curve.accuracy_old_classes, nan=1.0)
    near: Bools = (old - on_old <= FAR_BELOW) & (every - curve.accuracy_all <= FAR_BELOW)
    return near


def _like_chance(comparison: Comparison) -> str:
    """One answer to everything gets one class right and no other: of C classes 1/C on average."""
    table = class_table(comparison)[:, : len(FlipKind)]
    samples, right = table.sum(axis=1), table[:, _RIGHT].sum(axis=1)
    there = samples > 0
    classes, share = int(there.sum()), float((right[there] / samples[there]).mean())
    if classes < 2 or share - 1 / classes >= ABOVE_CHANCE * (1 - 1 / classes):
        return ""
    return (
        f"is hardly better than one answer to everything: of each of the {classes:,} classes it gets "
        f"{told('share', share)} right on average, and chance is {told('share', 1 / classes)} (n={len(comparison):,})"
    )


def _far_below(comparison: Comparison) -> str:
    for subset in _SUBSETS:
        rates = comparison.rates(subset)
        old, new = rates.accuracy_old or 0.0, rates.accuracy_new or 0.0
        if old - new > FAR_BELOW:
            return (
                f"is far below the old model: accuracy ({SUBSET_WORDS[subset]}, n={rates.samples:,}) of "
                f"{told('share', new)} against {told('share', old)}"
            )
    return ""
