"""Why a sample is wrong: one cause per negative flip, suspect labels, and a sentence for every sample.

The causes exclude one another and are tried in this order: stolen by a new class; suspect label; near tie; confident
reversal; old-old confusion. The first is what the logit margin acts on, the last is what is left. See docs/causes.md.
"""

from __future__ import annotations

import numpy as np

from mpt_studio.compare.annotations import Cause, CauseThresholds
from mpt_studio.compare.answers import Bytes
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Ints


def causes(comparison: Comparison) -> Bytes:
    """(N,) ``Cause`` values under the comparison's thresholds: why each sample is wrong; ``Cause.NONE`` elsewhere."""
    return comparison.memo.once(("causes",), lambda: causes_of(comparison), since=comparison.thresholds)


def causes_of(comparison: Comparison, rows: Ints | None = None) -> Bytes:
    """The ``Cause`` values of ``rows`` alone, or of all samples."""
    limits = comparison.thresholds
    kinds = comparison.kinds if rows is None else comparison.kinds[rows]
    found = np.full(len(kinds), Cause.NONE, dtype=np.uint8)
    for kind, sort_out in ((FlipKind.NEGATIVE, _of_flips), (FlipKind.BOTH_WRONG, _of_both_wrong)):
        here = np.flatnonzero(kinds == kind)
        found[here] = sort_out(comparison, here if rows is None else rows[here], limits)
    return found


def _of_flips(comparison: Comparison, at: Ints, limits: CauseThresholds) -> Bytes:
    found = np.full(len(at), Cause.OLD_OLD, dtype=np.uint8)
    old_confidence = comparison.old_confidence[at]
    sure = (old_confidence >= limits.confident) & (comparison.at("new_confidence", at) >= limits.confident)
    found[sure] = Cause.CONFIDENT_REVERSAL
    found[comparison.at("new_margin", at) > -limits.near_tie] = Cause.NEAR_TIE
    found[_contradicted(comparison, at, limits) & (old_confidence <= limits.suspect_unsure)] = Cause.SUSPECT_LABEL
    found[comparison.to_new_class[at]] = Cause.NEW_CLASS
    return found


def _of_both_wrong(comparison: Comparison, at: Ints, limits: CauseThresholds) -> Bytes:
    same = comparison.old_answer[at] == comparison.new_answer[at]
    suspect = same & _contradicted(comparison, at, limits)
    return np.where(suspect, Cause.SUSPECT_LABEL, Cause.NONE).astype(np.uint8)


def _contradicted(comparison: Comparison, at: Ints, limits: CauseThresholds) -> Bools:
    """Whether the update is sure of another class than the label's."""
    unlikely = comparison.at("truth_probability", at) <= limits.suspect_truth
    found: Bools = (comparison.at("new_confidence", at) >= limits.suspect_sure) & unlikely
    return found


def cause_sentence(comparison: Comparison, row: int) -> str:
    """What happened to one sample, with its margins: "Stolen by new class shirt; margin 2.1 → −0.4"."""
    if not comparison.has_scores:
        return f"{_what(comparison, row)}; margins not available"
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
    cause = Cause(int(causes_of(comparison, np.array([row]))[0]))
    if kind == FlipKind.BOTH_WRONG:
        if cause == Cause.SUSPECT_LABEL:
            return f"Suspect label: both versions say {answer}"
        return f"Both wrong: still {answer}" if answer == before else f"Both wrong: {before}, now {answer}"
    return _flip(cause, answer, float(comparison.new_confidence[row]))


def _flip(cause: Cause, answer: str, confidence: float) -> str:
    if cause == Cause.NEW_CLASS:
        return f"Stolen by new class {answer}"
    if cause == Cause.NEAR_TIE:
        return f"Near tie with {answer}"
    if cause == Cause.CONFIDENT_REVERSAL:
        return f"Confident reversal to {answer} ({100 * confidence:.0f} %)"
    if cause == Cause.SUSPECT_LABEL:
        return f"Suspect label: the update says {answer} ({100 * confidence:.0f} %), the old model was unsure"
    return f"Confused with old class {answer}"


def _margin(value: float) -> str:
    if np.isnan(value):
        return "unknown"
    text = f"{value:.1f}"
    return text.replace("-", "−") if float(text) else f"{value:.2f}".replace("-", "−")
