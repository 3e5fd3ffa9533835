"""The bar that retraining must beat: subtracting γ from the update's new-class logits costs nothing.

With m_old(x) and m_new(x), the update's best logits over old and over new classes, its answer under γ is a new class
exactly where m_new − γ > m_old. So the whole curve follows from sorting m_new − m_old once. Shape letters: G offsets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpt_studio.compare import tally
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.offset import offsets
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import Subset
from mpt_studio.flips import NEW_RIGHT, FlipKind

Doubles = npt.NDArray[np.float64]
POINTS = 500
_RIGHT = np.array([kind in NEW_RIGHT for kind in FlipKind])
_FLIPPED = np.array([kind == FlipKind.NEGATIVE for kind in FlipKind])


@dataclass(frozen=True, eq=False)
class Frontier:
    """Rates under each logit offset, as fractions; NaN where the subset has no samples. All arrays are (G,)."""

    offset: Doubles
    """γ, ascending; 0 is among them. Of a fusion the share w."""
    accuracy_all: Doubles
    accuracy_new_classes: Doubles
    accuracy_old_classes: Doubles
    nfr_old_classes: Doubles
    nfr_all: Doubles
    samples_all: int
    samples_old_classes: int
    samples_new_classes: int

    @property
    def nfr(self) -> Doubles:
        """NFR (old classes); over all where the test part has no samples of old classes, as in ``deciding_subset``."""
        return self.nfr_old_classes if self.samples_old_classes else self.nfr_all

    @property
    def zero(self) -> int:
        """Position of γ = 0, the update as it is."""
        return int(np.searchsorted(self.offset, 0.0))


def frontier(comparison: Comparison, gammas: npt.ArrayLike | None = None) -> Frontier:
    """Accuracy and NFR for every logit offset γ.

    Args:
        comparison: the old model and the update.
        gammas: the offsets wanted; by default up to 500 of those at which the curve moves, and 0.
    Where the update gave only its answers the curve is one point, γ = 0, and any other γ raises ``UserError``.
    """
    if not comparison.new.has_scores:
        return _as_it_is(comparison, gammas)
    curve = offsets(comparison)
    wanted = curve.turns(POINTS) if gammas is None else np.atleast_1d(np.asarray(gammas, dtype=np.float64))
    return rates_of(comparison, wanted, np.stack([curve.counts(gamma) for gamma in wanted.tolist()]))


def _as_it_is(comparison: Comparison, gammas: npt.ArrayLike | None) -> Frontier:
    wanted = np.zeros(1) if gammas is None else np.atleast_1d(np.asarray(gammas, dtype=np.float64))
    if wanted.any():
        missing.refuse(comparison, "frontier")
    return rates_of(comparison, wanted, np.stack([comparison.counts] * len(wanted)))


def rates_of(comparison: Comparison, wanted: Doubles, counts: npt.NDArray[np.int64]) -> Frontier:
    """The curve from the (G, 32) samples of each code of ``tally`` at each of the (G,) points."""
    return Frontier(
        offset=wanted,
        accuracy_all=_share(counts, "all", _RIGHT),
        accuracy_new_classes=_share(counts, "new_classes", _RIGHT),
        accuracy_old_classes=_share(counts, "old_classes", _RIGHT),
        nfr_old_classes=_share(counts, "old_classes", _FLIPPED),
        nfr_all=_share(counts, "all", _FLIPPED),
        samples_all=len(comparison),
        samples_old_classes=int(counts[0][tally.inside("old_classes")].sum()),
        samples_new_classes=int(counts[0][tally.inside("new_classes")].sum()),
    )


def _share(counts: npt.NDArray[np.int64], subset: Subset, kinds: Bools) -> Doubles:
    """(G,) share of a subset's samples with one of the marked flip kinds; NaN without samples."""
    inside = tally.inside(subset)
    samples = int(counts[0][inside].sum())
    hits = counts[:, inside & kinds[tally.KIND]].sum(axis=1)
    shares: Doubles = hits / samples if samples else np.full(len(counts), np.nan)
    return shares
