"""What anyone would ask of an update, whatever their policy: docs/decide.md has the rule for people."""

from __future__ import annotations

import math

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.classes import class_table
from mpt_studio.compare.tally import SUBSET_WORDS, Subset
from mpt_studio.flips import Z95, FlipKind
from mpt_studio.units import told

FAR_BELOW = 0.2
"""So much less accuracy than the old model's is far below it."""
_RIGHT = [FlipKind.BOTH_RIGHT, FlipKind.POSITIVE]


def out_of_question(comparison: Comparison) -> str:
    """Why nobody would ship an update, as the end of a sentence about it; empty where somebody might."""
    return _like_chance(comparison) or _far_below(comparison)


def _like_chance(comparison: Comparison) -> str:
    """A constant answer gets one class right and no other: of C classes 1/C on average."""
    table = class_table(comparison)[:, : len(FlipKind)]
    samples, right = table.sum(axis=1), table[:, _RIGHT].sum(axis=1)
    there = samples > 0
    share, n = right[there] / samples[there], samples[there]
    classes = len(n)
    if classes < 2:
        return ""
    error = math.sqrt(float((share * (1 - share) / n).sum())) / classes
    if share.mean() - Z95 * error > 1 / classes:
        return ""
    return (
        f"is no better than one answer to everything: of each of the {classes:,} classes it gets "
        f"{told('share', share.mean())} right on average (n={int(n.sum()):,})"
    )


def _far_below(comparison: Comparison) -> str:
    subsets: tuple[Subset, ...] = ("old_classes", "all")
    for subset in subsets:
        rates = comparison.rates(subset)
        old, new = rates.accuracy_old or 0.0, rates.accuracy_new or 0.0
        if old - new > FAR_BELOW:
            return (
                f"is far below the old model: accuracy ({SUBSET_WORDS[subset]}, n={rates.samples:,}) of "
                f"{told('share', new)} against {told('share', old)}"
            )
    return ""
