"""The bar that retraining must beat: subtracting γ from the update's new-class logits costs nothing.

With m_old(x) and m_new(x), the update's best logits over old and over new classes, its answer under γ is a new class
exactly where m_new − γ > m_old. So the whole curve follows from sorting m_new − m_old once. Shape letters: G offsets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching import Bools
from mpt_studio.predictions import Ints

Doubles = npt.NDArray[np.float64]
POINTS = 500


@dataclass(frozen=True, eq=False)
class Frontier:
    """Rates under each logit offset, as fractions; NaN where the subset has no samples. All arrays are (G,)."""

    offset: Doubles
    """γ, ascending; 0 is among them."""
    accuracy_all: Doubles
    accuracy_new_classes: Doubles
    accuracy_old_classes: Doubles
    nfr_old_classes: Doubles
    nfr_all: Doubles
    samples_all: int
    samples_old_classes: int
    samples_new_classes: int

    @property
    def zero(self) -> int:
        """Position of γ = 0, the update as it is."""
        return int(np.searchsorted(self.offset, 0.0))


def frontier(comparison: Comparison, offsets: npt.ArrayLike | None = None) -> Frontier:
    """Accuracy and NFR for every logit offset γ.

    Args:
        comparison: the old model and the update.
        offsets: the γ wanted; by default up to 500 of those at which the curve moves, and 0.
    """
    lead = comparison.best_new_logit.astype(np.float64) - comparison.best_old_logit
    right_if_old = comparison.best_old_class == comparison.truth
    right_if_new = comparison.best_new_class == comparison.truth
    moving = lead[(right_if_old != right_if_new) & np.isfinite(lead)]
    wanted = _default_offsets(moving) if offsets is None else np.atleast_1d(np.asarray(offsets, dtype=np.float64))
    order = np.argsort(lead, kind="stable")
    split = np.searchsorted(lead[order], wanted, side="right")  # so many samples answer an old class: lead <= γ
    old_right = comparison.old_answer == comparison.truth

    def share(subset: Bools, if_old: Bools, if_new: Bools) -> Doubles:
        return _shares(subset[order], if_old[order], if_new[order], split)

    every, old = comparison.mask("all"), comparison.mask("old_classes")
    lost_if_old, lost_if_new = old_right & ~right_if_old, old_right & ~right_if_new
    return Frontier(
        offset=wanted,
        accuracy_all=share(every, right_if_old, right_if_new),
        accuracy_new_classes=share(~old, right_if_old, right_if_new),
        accuracy_old_classes=share(old, right_if_old, right_if_new),
        nfr_old_classes=share(old, lost_if_old, lost_if_new),
        nfr_all=share(every, lost_if_old, lost_if_new),
        samples_all=len(comparison),
        samples_old_classes=int(old.sum()),
        samples_new_classes=int((~old).sum()),
    )


def flips_at(comparison: Comparison, offset: float) -> Ints:
    """Rows of old classes that are negative flips under a logit offset γ: the samples behind a frontier's point."""
    lead = comparison.best_new_logit.astype(np.float64) - comparison.best_old_logit
    answer = np.where(lead > offset, comparison.best_new_class, comparison.best_old_class)
    lost = (comparison.old_answer == comparison.truth) & (answer != comparison.truth)
    return np.flatnonzero(lost & comparison.mask("old_classes")).astype(np.int64)


def _shares(subset: Bools, if_old: Bools, if_new: Bools, split: npt.NDArray[np.intp]) -> Doubles:
    """(G,) share of the subset where the first ``split`` samples count as ``if_old`` and the rest as ``if_new``."""
    n = int(subset.sum())
    if n == 0:
        return np.full(len(split), np.nan)
    low = np.concatenate([[0], np.cumsum(subset & if_old)])
    high = np.concatenate([[0], np.cumsum(subset & if_new)])
    counts: Doubles = (low[split] + high[-1] - high[split]) / n
    return counts


def _default_offsets(moving: Doubles) -> Doubles:
    steps = np.unique(moving)
    if len(steps) > POINTS - 2:
        steps = steps[np.linspace(0, len(steps) - 1, POINTS - 2).round().astype(np.intp)]
    before = [np.nextafter(steps[0], -np.inf)] if len(steps) else []  # where every answer may be a new class
    chosen: Doubles = np.unique(np.concatenate([before, steps, [0.0]]))
    return chosen
