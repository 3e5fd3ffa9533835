"""Both versions' probabilities mixed: w · old + (1 − w) · new. Whoever serves that serves both models.

An old class that the update lacks is never answered; a class that the old model lacks has the probability 0 there. Each
probability is a line over w, and the answer is the highest: so the true class is the answer between two weights, or
never. One pass over both versions' logits finds those, and the whole curve follows from sorting them. Shape letters: N
samples, B rows of one chunk, C classes of the update, G weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpt_studio.compare import tally
from mpt_studio.compare.blocks import Stop, never, parts
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.frontier import Doubles, Frontier, rates_of
from mpt_studio.compare.figures.within import Floors, least_nfr
from mpt_studio.compare.matching.matching import positions
from mpt_studio.flips import FlipKind, flip_kinds
from mpt_studio.predictions import Floats, Ints, Predictions

CHUNK_VALUES = 1 << 18
"""Probabilities per chunk: all temporaries together stay below about 20 MB."""
WEIGHTS: Doubles = np.linspace(0.0, 1.0, 101)
SERVED = "both models must be served"


def fusion(comparison: Comparison, stop: Stop = never) -> Frontier:
    """Accuracy and NFR for every share w of the old model's probabilities, 0 … 1; ``offset`` is w.

    w = 0 is the update as it is. Raises ``UserError`` where a version gave only its answers, and ``Cancelled``.
    """
    missing.refuse(comparison, "fusion")
    base = comparison.base
    return base.memo.once(("fusion",), lambda: _fused(base, stop))


def _fused(comparison: Comparison, stop: Stop) -> Frontier:
    first, last = _where_right(comparison, stop)
    old_right, is_old = comparison.old_answer == comparison.truth, comparison.is_old_class
    counts = np.zeros((len(WEIGHTS), tally.CODES), np.int64)
    for was_right in (False, True):
        for known in (False, True):
            here = (old_right == was_right) & (is_old == known)
            right = _so_many(first[here], last[here])
            for is_right, samples in ((True, right), (False, int(here.sum()) - right)):
                counts[:, _code(was_right, is_right, known)] = samples
    counts[0] = comparison.counts  # to the tie
    return rates_of(comparison, WEIGHTS, counts)


def _code(was_right: bool, is_right: bool, is_old_class: bool) -> int:
    kinds = flip_kinds(np.array([was_right]), np.array([is_right]))
    no = np.array([False])
    return int(tally.codes(kinds, no, no, np.array([is_old_class]))[0])


def _so_many(first: Floats, last: Floats) -> Ints:
    """(G,) samples whose stretch of weights holds each weight."""
    some = first <= last
    begun = np.searchsorted(np.sort(first[some]), WEIGHTS.astype(np.float32), side="right")
    over = np.searchsorted(np.sort(last[some]), WEIGHTS.astype(np.float32), side="left")
    found: Ints = (begun - over).astype(np.int64)
    return found


def _where_right(comparison: Comparison, stop: Stop) -> tuple[Floats, Floats]:
    """(N,) smallest and largest weight with which the true class is the answer; 2 and −1 where there is none."""
    old, new = comparison.old, comparison.new
    column = positions(comparison.names, new.class_names)[comparison.truth]
    known = positions(new.class_names, old.class_names)
    both = comparison.kinds == FlipKind.BOTH_RIGHT  # and so is every mixture: lines that are highest at both ends
    first, last = np.where(both, np.float32(0), np.float32(2)), np.where(both, np.float32(1), np.float32(-1))
    asked = np.flatnonzero((column >= 0) & ~both)
    for part in parts(len(asked), max(1, CHUNK_VALUES // max(len(known), len(old.class_names))), stop):
        rows = asked[part]
        of_old = np.where(known >= 0, _probabilities(old, comparison.rows.old, rows)[:, known], 0.0)
        of_new = _probabilities(new, comparison.rows.new, rows)
        first[rows], last[rows] = _stretch(of_old, of_new, column[rows])
    return first, last


def _probabilities(version: Predictions, rows: Ints | None, at: Ints) -> Doubles:
    """(B, C) softmax of the version's logits."""
    logits = np.asarray(version.logits[at if rows is None else rows[at]], np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def _stretch(old: Doubles, new: Doubles, truth: Ints) -> tuple[Doubles, Doubles]:
    """(B,) from which to which weight no class is above the true one; the lead over each is ahead + w · gain."""
    at = np.arange(len(truth))
    ahead = new[at, truth][:, None] - new
    gain = old[at, truth][:, None] - old - ahead
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = -ahead / gain
    first = np.where(gain > 0, turn, np.where((gain == 0) & (ahead < 0), 2.0, 0.0)).max(axis=1)
    last = np.where(gain < 0, turn, 1.0).min(axis=1)
    return np.maximum(first, 0.0), np.minimum(last, 1.0)


@dataclass(frozen=True)
class FusionPoint:
    """The mixture with the fewest negative flips within limits of accuracy."""

    weight: float
    """w, the old model's share."""
    nfr_old_classes: float
    nfr_all: float
    accuracy_all: float
    accuracy_new_classes: float
    shortfall: float
    """How far below the limits it is; at most 0 meets them."""

    def to_json(self) -> dict[str, float | str | None]:
        """Plain JSON values; null where there are no samples."""
        found = {k: None if np.isnan(v) else v for k, v in vars(self).items() if k != "shortfall"}
        return found | {"needs": SERVED}


def best_fusion(curve: Frontier, floors: Floors | None = None) -> FusionPoint:
    """As ``least_nfr`` over the shares of the old model; by default not below the update's own accuracy (all)."""
    found = least_nfr({0.0: curve}, floors or Floors(float(curve.accuracy_all[0])))
    at = int(np.searchsorted(curve.offset, found.offset))
    rates = ("nfr_old_classes", "nfr_all", "accuracy_all", "accuracy_new_classes")
    return FusionPoint(
        weight=found.offset, shortfall=found.worst, **{name: float(getattr(curve, name)[at]) for name in rates}
    )
