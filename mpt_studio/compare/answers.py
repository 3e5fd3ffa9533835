"""One pass over each version's logits: what a comparison keeps of each sample, so that logits are not read again.

Columns are visited in the order of their names, so that neither a tie between two logits nor the rounding of a sum
depends on how a version lists its classes. Shape letters: N samples, C classes of the version, B rows of one chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.matching.matching import Bools, positions
from mpt_studio.flips import flip_kinds
from mpt_studio.predictions import Floats, Ints, Predictions

CHUNK_VALUES = 1 << 20
"""Logits per chunk: all temporaries together stay below about 30 MB."""
Codes = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Answers:
    """What one version says about N samples; classes are indices into the union of names.

    The classes come in two groups, those that the old model knows and those that it lacks. With the largest logit and
    the log-sum-exp of each group, answers, confidences and margins follow for every logit offset on the second group.
    """

    answer: Codes
    """(N,) class of the largest logit; of equal ones the first by name."""
    confidence: Floats
    """(N,) largest softmax probability."""
    truth_probability: Floats
    """(N,) softmax probability of the true class; 0 where the version does not know it."""
    margin: Floats
    """(N,) z_y − max over the others; NaN where the version does not know the true class or knows no other."""
    truth_logit: Floats
    """(N,) z_y; NaN where the version does not know the true class."""
    rival: Floats
    """(N,) largest logit of the other classes in the true class's group; −inf without."""
    best: Floats
    """(2, N) largest logit of each group; −inf without such classes."""
    best_class: Codes
    """(2, N) their classes; −1 without such classes."""
    log_sum: Floats
    """(2, N) log Σ exp z of each group; −inf without such classes."""


def read_answers(version: Predictions, rows: Ints | None, truth: Codes, names: tuple[str, ...], new: Bools) -> Answers:
    """Compute ``Answers`` of ``rows``.

    Args:
        rows: (N,) rows of ``version``; None for all in their order.
        truth: (N,) true class of each, an index into ``names``.
        names: the union of class names.
        new: (len(names),) the classes of the second group.
    Where the version gave only its answers, everything else is undefined: NaN, and −1 for classes.
    Raises ``UserError`` where a row holds no finite largest logit.
    """
    found = _empty(len(truth))
    if version.answers is not None:
        return _only_answers(found, version, rows, names)
    reader = _Reader(version, names, new)
    step = max(1, CHUNK_VALUES // len(version.class_names))
    for start in range(0, len(truth), step):
        here = slice(start, start + step)
        logits_BC = version.logits[here] if rows is None else version.logits[rows[here]]
        reader.read(found, here, np.array(logits_BC, dtype=np.float32)[:, reader.order], truth[here])
    _refuse_not_finite(found.confidence, version, rows)
    return found


class _Reader:
    """A version's columns by group and name, and the arithmetic of one chunk."""

    def __init__(self, version: Predictions, names: tuple[str, ...], new: Bools) -> None:
        every = np.array(version.class_names)
        is_new = new[positions(version.class_names, names)]
        self.order = np.lexsort((every, is_new))
        """Columns of the first group by name, then those of the second: each group is a slice."""
        ordered = tuple(version.class_names[i] for i in self.order)
        first = int((~is_new).sum())
        self.groups = [(g, part) for g, part in enumerate((slice(0, first), slice(first, None))) if len(ordered[part])]
        self.first_group = first
        self.name_index = positions(ordered, names).astype(np.int32)
        self.place = np.argsort(np.argsort(np.array(ordered), kind="stable"))
        self.truth_column = positions(names, ordered)

    def read(self, found: Answers, here: slice, logits_BC: Floats, truth: Codes) -> None:
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # refused later, with the sample's name
            columns, sums = self._groups(found, here, logits_BC)
            best = found.best[:, here]
            second = (best[1] > best[0]) | (
                (best[1] == best[0]) & (self._placed(columns[1]) < self._placed(columns[0]))
            )
            top = np.where(second, best[1], best[0])
            scale = np.where(np.isneginf(best), 0.0, np.exp((best - top).astype(np.float64)))
            total = (sums * scale).sum(axis=0)
            total[np.isnan(top) | np.isneginf(top)] = np.nan
            found.confidence[here] = 1 / total
            found.answer[here] = self.name_index[np.where(second, columns[1], columns[0])]
            self._truths(found, here, logits_BC, self.truth_column[truth], top, total)

    def _groups(self, found: Answers, here: slice, logits_BC: Floats) -> tuple[Ints, npt.NDArray[np.float64]]:
        every = np.arange(len(logits_BC))
        columns = np.full((2, len(logits_BC)), -1, dtype=np.int64)
        sums = np.zeros((2, len(logits_BC)))
        for g, part in self.groups:
            logits = logits_BC[:, part]
            at = logits.argmax(axis=1)
            best = logits[every, at]
            below = np.where(np.isneginf(best), np.float32(0), best)
            sums[g] = np.exp(logits - below[:, None]).sum(axis=1, dtype=np.float64)
            columns[g] = at + (part.start or 0)
            found.best[g, here], found.best_class[g, here] = best, self.name_index[columns[g]]
            found.log_sum[g, here] = below + np.log(sums[g])
        return columns, sums

    def _placed(self, columns: Ints) -> Ints:
        placed: Ints = np.where(columns < 0, len(self.place), self.place[columns])
        return placed

    def _truths(
        self, found: Answers, here: slice, logits_BC: Floats, column: Ints, top: Floats, total: npt.NDArray[np.float64]
    ) -> None:
        """Overwrites the true classes' logits."""
        known = np.flatnonzero(column >= 0)
        at = column[known]
        logit = logits_BC[known, at]
        found.truth_logit[here][known] = logit
        found.truth_probability[here][known] = np.exp((logit - top[known]).astype(np.float64)) / total[known]
        logits_BC[known, at] = -np.inf
        left = np.full((2, len(logits_BC)), -np.inf, dtype=np.float32)
        for g, part in self.groups:
            left[g] = logits_BC[:, part].max(axis=1)
        found.rival[here] = np.where(column < self.first_group, left[0], left[1])
        if logits_BC.shape[1] > 1:
            found.margin[here][known] = logit - left.max(axis=0)[known]


def _empty(n: int) -> Answers:
    def nothing(value: float, *shape: int) -> Floats:
        return np.full((*shape, n), value, dtype=np.float32)

    return Answers(
        answer=np.zeros(n, dtype=np.int32),
        confidence=nothing(0),
        truth_probability=nothing(0),
        margin=nothing(np.nan),
        truth_logit=nothing(np.nan),
        rival=nothing(-np.inf),
        best=nothing(-np.inf, 2),
        best_class=np.full((2, n), -1, dtype=np.int32),
        log_sum=nothing(-np.inf, 2),
    )


def _only_answers(found: Answers, version: Predictions, rows: Ints | None, names: tuple[str, ...]) -> Answers:
    said = version.predicted if rows is None else version.predicted[rows]
    found.answer[:] = positions(version.class_names, names)[said]
    for undefined in (found.confidence, found.truth_probability, found.rival, found.best, found.log_sum):
        undefined[:] = np.nan
    return found


def _refuse_not_finite(confidence: Floats, version: Predictions, rows: Ints | None) -> None:
    bad: npt.NDArray[np.intp] = np.flatnonzero(np.isnan(confidence))
    if len(bad):
        raise version.not_finite(bad if rows is None else rows[bad], len(confidence))


@dataclass(frozen=True, eq=False)
class Columns:
    """(N,) arrays, 65 bytes per sample, which may be memory-mapped; what they mean is told by ``Comparison``."""

    truth: Codes
    old_answer: Codes
    new_answer: Codes
    kinds: Bytes
    old_confidence: Floats
    new_confidence: Floats
    old_margin: Floats
    new_margin: Floats
    truth_probability: Floats
    truth_logit: Floats
    """The update's z_y; NaN where it does not know the true class."""
    rival: Floats
    """The update's largest logit of the other classes on the true class's side (old or new); −inf without."""
    best_old_logit: Floats
    best_new_logit: Floats
    best_old_class: Codes
    best_new_class: Codes
    log_sum_old: Floats
    """The update's log Σ exp z over the classes that the old model knows; −inf without."""
    log_sum_new: Floats


def columns(truth: Codes, old: Answers, new: Answers) -> Columns:
    """Join what was read of the two versions."""
    return Columns(
        truth=truth,
        old_answer=old.answer,
        new_answer=new.answer,
        kinds=flip_kinds(old.answer == truth, new.answer == truth),
        old_confidence=old.confidence,
        new_confidence=new.confidence,
        old_margin=old.margin,
        new_margin=new.margin,
        truth_probability=new.truth_probability,
        truth_logit=new.truth_logit,
        rival=new.rival,
        best_old_logit=new.best[0],
        best_new_logit=new.best[1],
        best_old_class=new.best_class[0],
        best_new_class=new.best_class[1],
        log_sum_old=new.log_sum[0],
        log_sum_new=new.log_sum[1],
    )
