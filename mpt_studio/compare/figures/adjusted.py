"""Rates without the samples whose label is wrong."""

from __future__ import annotations

from mpt_studio import flips
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import Subset
from mpt_studio.flips import Mark, Rates


def label_wrong(comparison: Comparison) -> Bools:
    """(N,) samples marked as wrongly labelled."""
    found: Bools = comparison.marks == Mark.LABEL_WRONG
    return found


def adjusted_rates(comparison: Comparison, subset: Subset, leave_out: Bools | None = None) -> Rates:
    """The figures of a subset without the samples marked as wrongly labelled (or without ``leave_out``)."""
    without = label_wrong(comparison) if leave_out is None else leave_out
    return flips.rates(
        comparison.kinds,
        comparison.old_answer != comparison.new_answer,
        comparison.to_new_class,
        comparison.confidence_lost,
        comparison.mask(subset) & ~without,
    )
