"""A comparison under a logit offset γ, subtracted from the update's new-class logits, without its logits.

The update's answer under γ is a new class exactly where m_new − γ > m_old (its best logits over new and old classes).
Sorted by m_new − m_old once, every step of γ changes one stretch of samples. Letters: N samples, B blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from mpt_studio.compare import tally
from mpt_studio.compare.answers import Bytes, Codes
from mpt_studio.compare.blocks import BLOCK, parts, sort_order
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import Subset
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind, Rates, flip_kinds
from mpt_studio.predictions import Floats, Ints

_STEP = 4096
"""Samples whose codes are counted at once and kept as a running sum."""
Counts = npt.NDArray[np.int64]
_ROOM = np.float32(0.002)
"""Between an offset of ``turns`` and the sample whose answer it has just changed; offsets are shown with two digits."""
_LEAST = np.finfo(np.float32).tiny
"""The lead of a new class that answers without one: its logit ties with an old class's, and its name comes first."""
_T = TypeVar("_T", bound=np.generic)


class Offsets:
    """Samples in the order in which a falling γ turns their answers into new classes."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        lead = comparison.best_new_logit - comparison.best_old_logit
        lead[(lead == 0) & comparison.class_is_new.take(comparison.new_answer)] = _LEAST  # at γ = 0 nothing changes
        self.order = sort_order(lead, descending=False).astype(np.int32)
        self.lead = lead[self.order]
        """(N,) m_new − m_old, ascending; −inf where the update has no new class."""
        right_old = self._kinds(comparison.best_old_class)
        right_new = self._kinds(comparison.best_new_class)
        self.kinds_if_old, self.kinds_if_new = right_old, right_new
        self._low = self._codes(comparison.best_old_class, right_old)
        self._high = self._codes(comparison.best_new_class, right_new)
        self._low_before, self._high_before = _running(self._low), _running(self._high)
        self._zero = tuple(int(np.searchsorted(self.lead, np.float32(0), side=side)) for side in ("left", "right"))
        self._last: tuple[float, dict[Subset, Rates]] = (0.0, {})
        self._flips_if_old, self._flips_if_new = _negative(self._low), _negative(self._high)
        self._lead_of_flips = lead[comparison.negative_flips]

    def _kinds(self, answer: Codes) -> Bytes:
        c = self.comparison
        return flip_kinds(c.old_answer == c.truth, answer == c.truth)

    def _codes(self, answer: Codes, kinds: Bytes) -> Bytes:
        c = self.comparison
        to_new = np.append(c.class_is_new, False).take(answer)
        return tally.codes(kinds, c.old_answer != answer, to_new, c.is_old_class)[self.order]

    def _stretch(self, gamma: float) -> slice:
        """The part of ``order`` whose answer γ takes to the other side of old and new classes; some may have tied."""
        (left, right), at = self._zero, self._split(gamma)
        return slice(left, max(left, at)) if gamma > 0 else slice(min(at, right), right)

    def changed(self, gamma: float) -> Ints:
        """Rows, ascending, whose answer γ takes to the other side of old and new classes; some may have tied."""
        here = self.order[self._stretch(gamma)]
        return np.sort(here).astype(np.int64)  # ascending: what follows then reads memory in order

    def negative_flips(self, gamma: float) -> Ints:
        """Rows, ascending, of the negative flips under γ: those that stay and those that come, whatever N."""
        here, limit = self._stretch(gamma), np.float32(gamma)
        of_stretch = self._flips_if_old if gamma > 0 else self._flips_if_new
        first, last = np.searchsorted(of_stretch, (here.start, here.stop))
        before, lead = self.comparison.negative_flips, self._lead_of_flips
        stays = (lead < 0) | (lead > limit) if gamma > 0 else (lead <= limit) | (lead > 0)
        return np.sort(np.concatenate([before[stays], self.order[of_stretch[first:last]]]))

    def counts(self, gamma: float) -> Counts:
        """(32,) samples of each code of ``tally`` under γ: a step of a slider, whatever N."""
        at = self._split(gamma)
        block = at // _STEP
        rest = slice(block * _STEP, at)
        low = self._low_before[block] + tally.count(self._low[rest])
        counts: Counts = low + self._high_before[-1] - self._high_before[block] - tally.count(self._high[rest])
        return counts

    def rates(self, gamma: float, subset: Subset) -> Rates:
        """The figures of a subset under γ; the confidence-weighted NFR is left undefined (NaN)."""
        if gamma == 0:
            return self.comparison.rates(subset)
        if self._last[0] != gamma:  # every column of a table asks at the same γ
            self._last = (gamma, tally.all_rates(self.counts(gamma), math.nan))
        return self._last[1][subset]

    def turns(self, points: int) -> npt.NDArray[np.float64]:
        """Up to ``points`` offsets at which the rates have just moved, ascending, with 0 and one before all of them.

        No sample's answer hangs on their last digit: with γ in the weights, logits are rounded otherwise.
        """
        moving = ((self._low ^ self._high) & np.uint8(3) > 0) & np.isfinite(self.lead)
        steps = np.unique(self.lead[moving])
        if len(steps) > points - 2:
            steps = steps[np.linspace(0, len(steps) - 1, points - 2).round().astype(np.intp)]
        leads = np.unique(self.lead[np.isfinite(self.lead)])
        before = [_below(leads, steps[0])] if len(steps) else []  # every answer may be a new class
        found: npt.NDArray[np.float64] = np.unique(np.concatenate([before, _above(leads, steps), [0.0]]))
        return found

    def _split(self, gamma: float) -> int:
        """So many samples answer an old class: m_new − m_old <= γ."""
        return int(np.searchsorted(self.lead, np.float32(gamma), side="right"))  # of another type all would be copied


def _above(leads: Floats, steps: Floats) -> npt.NDArray[np.float64]:
    """Offsets that give the answers of ``steps``, which are among ``leads``, half way to where they change again."""
    following = np.append(leads, np.float32(np.inf))[np.searchsorted(leads, steps, side="right")]
    halfway = np.minimum((following - steps) / 2, _ROOM) + steps
    sound = np.where(halfway < following, halfway, steps).astype(np.float64)
    return np.where((steps < 0) & (sound > 0), 0.0, sound)  # at 0 nothing changes, whatever ties there


def _below(leads: Floats, step: np.float32) -> float:
    """As ``_above``, before the answers of ``step``."""
    at = int(np.searchsorted(leads, step))
    previous = leads[at - 1] if at else np.float32(-np.inf)
    halfway = step - min((step - previous) / 2, _ROOM)
    return float(halfway if halfway < step else np.nextafter(step, np.float32(-np.inf)))


def _negative(codes: Bytes) -> Ints:
    return np.flatnonzero((codes & np.uint8(3)) == FlipKind.NEGATIVE)


def _running(codes: Bytes) -> Counts:
    """(B + 1, 32) samples of each code before each block; the last row counts all."""
    blocks = -(-len(codes) // _STEP) or 1
    of_block = np.stack([tally.count(codes[b * _STEP : (b + 1) * _STEP]) for b in range(blocks)])
    running: Counts = np.concatenate([np.zeros((1, tally.CODES), np.int64), of_block.cumsum(axis=0)])
    return running


def offsets(comparison: Comparison) -> Offsets:
    """The samples by where the logit offset changes their answer; what makes ``at_offset`` quick."""
    return comparison.memo.once(("offsets",), lambda: Offsets(comparison))


def at_offset(comparison: Comparison, gamma: float) -> Comparison:
    """The same comparison with γ subtracted from the update's new-class logits; as it is for 0.

    Raises ``UserError`` for another γ where the update gave only its answers.
    """
    if not gamma:
        return comparison.base
    if not math.isfinite(gamma):
        raise UserError(f"The logit offset γ is {gamma:g}; give a number.")
    missing.refuse(comparison, "offset")
    return OffsetComparison(comparison.base, gamma)


class OffsetComparison(Comparison):
    """A comparison whose update has γ subtracted from its new-class logits; marks and metadata are the base's."""

    def __init__(self, base: Comparison, gamma: float) -> None:
        super().__init__(base.old, base.new, base.rows, base.matching, base.columns, base.annotations)
        self._base, self.gamma = base, float(np.float32(gamma))
        self._shift = np.float32(gamma)

    @property
    def base(self) -> Comparison:
        return self._base

    @cached_property
    def changed(self) -> Ints:
        """Rows, ascending, whose answer the offset takes to the other side; some may have tied."""
        return offsets(self.base).changed(self.gamma)

    @property
    def sample_ids(self) -> npt.NDArray[np.str_]:
        return self.base.sample_ids

    @property
    def lower_ids(self) -> npt.NDArray[np.bytes_]:
        return self.base.lower_ids

    @property
    def id_rank(self) -> Codes:
        return self.base.id_rank

    @property
    def is_old_class(self) -> Bools:
        return self.base.is_old_class

    @cached_property
    def new_answer(self) -> Codes:
        instead = self.base.best_old_class if self.gamma > 0 else self.base.best_new_class
        return self._with(self.base.new_answer, instead)

    @cached_property
    def kinds(self) -> Bytes:
        sorted_out = offsets(self.base)
        return self._with(self.base.kinds, sorted_out.kinds_if_old if self.gamma > 0 else sorted_out.kinds_if_new)

    @cached_property
    def to_new_class(self) -> Bools:
        flags = self.base.to_new_class.copy()
        flags[self.changed] = self.gamma < 0
        return flags

    @cached_property
    def new_confidence(self) -> Floats:
        return self._filled(self._confidence)

    @cached_property
    def truth_probability(self) -> Floats:
        return self._filled(self._truth_probability)

    @cached_property
    def new_margin(self) -> Floats:
        return self._filled(self._margin)

    @cached_property
    def negative_flips(self) -> Ints:
        return offsets(self.base).negative_flips(self.gamma)

    @cached_property
    def counts(self) -> Counts:
        return offsets(self.base).counts(self.gamma)

    def at(self, column: str, rows: Ints) -> Floats:
        formulas: dict[str, Callable[[Ints], Floats]] = {
            "new_confidence": self._confidence,
            "confidence": self._confidence,
            "truth_probability": self._truth_probability,
            "confidence_lost": self.confidence_lost_at,
            "new_margin": self._margin,
            "margin_drop": self._margin_drop,
        }
        return formulas[column](rows) if column in formulas else super().at(column, rows)

    def confidence_lost_at(self, rows: Ints) -> Floats:
        total = self._total(rows)
        lost: Floats = self._confidence(rows, total) - self._truth_probability(rows, total)
        return lost

    def _with(self, column: npt.NDArray[_T], instead: npt.NDArray[_T]) -> npt.NDArray[_T]:
        changed = np.array(column)
        changed[self.changed] = instead[self.changed]
        return changed

    def _filled(self, formula: Callable[[slice], Floats]) -> Floats:
        """(N,) block by block, so that what lies between stays in the cache."""
        found = np.empty(len(self), dtype=np.float32)
        for part in parts(len(self), BLOCK):
            found[part] = formula(part)
        return found

    def _margin(self, at: Ints | slice) -> Floats:
        c, gamma = self.columns, np.float32(self.gamma)
        truth, rival = c.truth_logit[at], c.rival[at]
        with np.errstate(invalid="ignore"):
            of_old = truth - np.maximum(rival, c.best_new_logit[at] - gamma)
            of_new = truth - gamma - np.maximum(rival - gamma, c.best_old_logit[at])
            margin = np.where(self.is_old_class[at], of_old, of_new)
        found: Floats = np.where(np.isnan(self.base.new_margin[at]), np.float32(np.nan), margin)
        return found

    def _margin_drop(self, at: Ints) -> Floats:
        with np.errstate(invalid="ignore"):
            drop: Floats = self.old_margin[at] - self._margin(at)
        return drop

    def _best(self, at: Ints | slice) -> Floats:
        best: Floats = np.maximum(self.columns.best_old_logit[at], self.columns.best_new_logit[at] - self._shift)
        return best

    def _total(self, at: Ints | slice) -> Floats:
        """Σ exp(z − max z) over all classes."""
        c, best = self.columns, self._best(at)
        total: Floats = np.exp(c.log_sum_old[at] - best) + np.exp(c.log_sum_new[at] - self._shift - best)
        return total

    def _confidence(self, at: Ints | slice, total: Floats | None = None) -> Floats:
        found: Floats = np.minimum(1 / (self._total(at) if total is None else total), np.float32(1))
        return found

    def _truth_probability(self, at: Ints | slice, total: Floats | None = None) -> Floats:
        shift = np.where(self.is_old_class[at], np.float32(0), self._shift)
        known: Floats = np.exp(self.columns.truth_logit[at] - shift - self._best(at))
        known /= self._total(at) if total is None else total
        np.minimum(known, np.float32(1), out=known)
        known[np.isnan(known)] = 0
        return known
