"""Why a sample flipped: one cause per negative flip, and a sentence for every sample.

The causes exclude one another and are tried in this order: stolen by a new class; near tie; confident reversal;
old-old confusion. The first is what the logit margin acts on, the last is what is left.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mpt_studio.flips import FlipKind

if TYPE_CHECKING:
    from mpt_studio.compare.comparison import Comparison

NEAR_TIE = 0.5
"""A flip is a near tie where the update's margin is above −NEAR_TIE logits: it was lost by a hair."""
CONFIDENT = 0.8
"""A flip is a confident reversal where both versions give their answers at least this probability."""


class Cause(IntEnum):
    """Why a negative flip happened; NONE for every other sample. The values are stored in arrays."""

    NONE = 0
    NEW_CLASS = 1
    NEAR_TIE = 2
    CONFIDENT_REVERSAL = 3
    OLD_OLD = 4


CAUSE_NAMES: dict[Cause, str] = {
    Cause.NONE: "no negative flip",
    Cause.NEW_CLASS: "stolen by a new class",
    Cause.NEAR_TIE: "near tie",
    Cause.CONFIDENT_REVERSAL: "confident reversal",
    Cause.OLD_OLD: "old-old confusion",
}


def causes(comparison: Comparison, rows: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.uint8]:
    """(N,) ``Cause`` values of all samples, or of ``rows``."""
    at = slice(None) if rows is None else rows
    found = np.full(len(comparison.kinds[at]), Cause.OLD_OLD, dtype=np.uint8)
    sure = (comparison.old_confidence[at] >= CONFIDENT) & (comparison.new_confidence[at] >= CONFIDENT)
    found[sure] = Cause.CONFIDENT_REVERSAL
    found[comparison.new_margin[at] > -NEAR_TIE] = Cause.NEAR_TIE
    found[comparison.to_new_class[at]] = Cause.NEW_CLASS
    found[comparison.kinds[at] != FlipKind.NEGATIVE] = Cause.NONE
    return found


def cause_sentence(comparison: Comparison, row: int) -> str:
    """What happened to one sample, with its margins: "Stolen by new class shirt; margin 2.1 → −0.4"."""
    old, new = _margin(comparison.old_margin[row]), _margin(comparison.new_margin[row])
    return f"{_what(comparison, row)}; margin {old} → {new}"


def _what(comparison: Comparison, row: int) -> str:
    names = comparison.names
    answer, before = names[comparison.new_answer[row]], names[comparison.old_answer[row]]
    kind = FlipKind(int(comparison.kinds[row]))
    if kind == FlipKind.BOTH_RIGHT:
        return "Both versions are right"
    if kind == FlipKind.POSITIVE:
        return f"Gained: the old model said {before}"
    if kind == FlipKind.BOTH_WRONG:
        return f"Both wrong: still {answer}" if answer == before else f"Both wrong: {before}, now {answer}"
    return _flip(Cause(int(causes(comparison, np.array([row]))[0])), answer, float(comparison.new_confidence[row]))


def _flip(cause: Cause, answer: str, confidence: float) -> str:
    if cause == Cause.NEW_CLASS:
        return f"Stolen by new class {answer}"
    if cause == Cause.NEAR_TIE:
        return f"Near tie with {answer}"
    if cause == Cause.CONFIDENT_REVERSAL:
        return f"Confident reversal to {answer} ({100 * confidence:.0f} %)"
    return f"Confused with old class {answer}"


def _margin(value: float) -> str:
    if np.isnan(value):
        return "unknown"
    text = f"{value:.1f}"
    return text.replace("-", "−") if float(text) else f"{value:.2f}".replace("-", "−")
