"""Two versions side by side on the same samples: every array and every rate that the program shows.

Shape letters: N matched samples, L names of classes (the union of both versions').
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare import tally
from mpt_studio.compare.annotations import Annotations, CauseThresholds, Metadata
from mpt_studio.compare.answers import Bytes, Codes, Columns, columns, read_answers
from mpt_studio.compare.blocks import BLOCK, parts
from mpt_studio.compare.matching import ids as searching
from mpt_studio.compare.matching.matching import Bools, Matching, Rows, match, union
from mpt_studio.compare.memo import Memo
from mpt_studio.compare.tally import Subset
from mpt_studio.flips import FlipKind, Mark, Rates
from mpt_studio.predictions import Floats, Ints, Predictions, Strings

Side = Literal["old", "new"]


class Comparison:
    """An old version and an update on N samples, in the order of the update's predictions.

    Made by ``compare`` or ``open_comparison``. Treat arrays as read-only; logits are read for the sample on show only.
    """

    gamma = 0.0
    """The logit offset γ that the update's answers are under."""

    def __init__(
        self,
        old: Predictions,
        new: Predictions,
        rows: Rows,
        matching: Matching,
        columns: Columns,
        annotations: Annotations | None = None,
    ) -> None:
        self.old, self.new, self.matching, self.columns, self.rows = old, new, matching, columns, rows
        self.names = union(new.class_names, old.class_names)
        unmarked = np.zeros(len(columns.truth), dtype=np.uint8)
        self.annotations = annotations or Annotations(CauseThresholds(), unmarked)
        self.memo = Memo()
        """What functions over the comparison leave with it."""

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def base(self) -> Comparison:
        """The comparison that this one is a view of: the same samples without an offset; else itself."""
        return self

    @cached_property
    def class_is_new(self) -> Bools:
        """(L,) whether the old model lacks the class."""
        return _lacking(self.names, self.old)

    @property
    def has_scores(self) -> bool:
        """Whether both versions gave scores; else margins and what follows from them are undefined (NaN)."""
        return not self.without_scores

    @property
    def without_scores(self) -> tuple[Side, ...]:
        """The versions that gave only their answers."""
        versions: dict[Side, Predictions] = {"old": self.old, "new": self.new}
        return tuple(side for side, version in versions.items() if not version.has_scores)

    # Samples ------------------------------------------------------------------------------------------------------

    @cached_property
    def sample_ids(self) -> Strings:
        """(N,) ids."""
        every: Strings = np.asarray(self.new.sample_ids)
        return every if self.rows.new is None else every[self.rows.new]

    @cached_property
    def lower_ids(self) -> npt.NDArray[np.bytes_]:
        """(N,) ids as UTF-8 in lower case, to search in."""
        return searching.lowered(self.sample_ids)

    @cached_property
    def id_rank(self) -> Codes:
        """(N,) place of each sample in the order of the ids."""
        order = self.rows.by_id
        rank = np.arange(len(self), dtype=np.int32)
        if order is not None:
            rank[order] = np.arange(len(self), dtype=np.int32)
        return rank

    def rows_of(self, sample_ids: Iterable[str]) -> Ints:
        """Row of each id; −1 where it is not among the samples."""
        return searching.rows_of(self.sample_ids, self.rows.by_id, sample_ids)

    def rows_of_samples(self, other: Comparison) -> Ints:
        """Row of each sample of another comparison; −1 where it is not among these."""
        if other is self or np.array_equal(other.sample_ids, self.sample_ids):  # the usual case, without a search
            return np.arange(len(other), dtype=np.int64)
        return self.rows_of(other.sample_ids.tolist())

    # Columns ------------------------------------------------------------------------------------------------------

    @property
    def truth(self) -> Codes:
        """(N,) true class, an index into ``names``."""
        return self.columns.truth

    @property
    def old_answer(self) -> Codes:
        """(N,) the old version's answer, an index into ``names``."""
        return self.columns.old_answer

    @property
    def new_answer(self) -> Codes:
        """(N,) the update's answer, an index into ``names``."""
        return self.columns.new_answer

    @property
    def kinds(self) -> Bytes:
        """(N,) ``FlipKind`` values."""
        return self.columns.kinds

    @property
    def old_confidence(self) -> Floats:
        """(N,) the old version's largest softmax probability."""
        return self.columns.old_confidence

    @property
    def new_confidence(self) -> Floats:
        """(N,) the update's largest softmax probability."""
        return self.columns.new_confidence

    @property
    def truth_probability(self) -> Floats:
        """(N,) the update's softmax probability of the true class; 0 where it does not know it."""
        return self.columns.truth_probability

    @property
    def old_margin(self) -> Floats:
        """(N,) z_y − max over the others; NaN where the old version does not know the true class."""
        return self.columns.old_margin

    @property
    def new_margin(self) -> Floats:
        """(N,) z_y − max over the others; NaN where the update does not know the true class."""
        return self.columns.new_margin

    @property
    def best_old_logit(self) -> Floats:
        """(N,) the update's largest logit over the classes that the old model knows; −inf without."""
        return self.columns.best_old_logit

    @property
    def best_new_logit(self) -> Floats:
        """(N,) the update's largest logit over the classes that the old model lacks; −inf without."""
        return self.columns.best_new_logit

    @property
    def best_old_class(self) -> Codes:
        """(N,) the class of ``best_old_logit``; −1 without."""
        return self.columns.best_old_class

    @property
    def best_new_class(self) -> Codes:
        """(N,) the class of ``best_new_logit``; −1 without."""
        return self.columns.best_new_class

    @cached_property
    def margin_drop(self) -> Floats:
        """(N,) old margin − new margin; NaN where one of them is."""
        with np.errstate(invalid="ignore", over="ignore"):
            drop: Floats = self.old_margin - self.new_margin
        return drop

    @cached_property
    def confidence_lost(self) -> Floats:
        """(N,) the update's max p − p[y]: how sure it is of something else."""
        lost: Floats = self.new_confidence - self.truth_probability
        return lost

    @cached_property
    def loss(self) -> Floats:
        """(N,) the update's cross-entropy −log p[y]; NaN where it does not know the true class."""
        with np.errstate(divide="ignore"):
            loss: Floats = np.where(
                np.isnan(self.columns.truth_logit), np.float32(np.nan), -np.log(self.truth_probability)
            )
        return loss

    @cached_property
    def is_old_class(self) -> Bools:
        """(N,) whether the old model knows the true class."""
        known: Bools = (~self.class_is_new).take(self.truth)
        return known

    @cached_property
    def to_new_class(self) -> Bools:
        """(N,) whether the update answers a class that the old model lacks."""
        answered: Bools = self.class_is_new.take(self.new_answer)
        return answered

    # Annotations --------------------------------------------------------------------------------------------------

    @property
    def thresholds(self) -> CauseThresholds:
        """Where one cause ends and the next begins."""
        return self.annotations.thresholds

    def set_thresholds(self, thresholds: CauseThresholds) -> None:
        """Sort the flips into causes anew."""
        self.annotations.thresholds = thresholds
        self.annotations.revision += 1

    @property
    def marks(self) -> Bytes:
        """(N,) ``Mark`` values."""
        return self.annotations.marks

    def set_marks(self, marks: Mapping[str, Mark]) -> None:
        """Replace all marks (sample id → mark); ids that are not among the samples are passed over."""
        fresh = np.zeros(len(self), dtype=np.uint8)
        rows = self.rows_of(marks)
        values = np.fromiter(marks.values(), dtype=np.uint8, count=len(marks))
        fresh[rows[rows >= 0]] = values[rows >= 0]
        self.annotations.marks = fresh
        self.annotations.revision += 1

    def mark(self, rows: npt.ArrayLike, mark: Mark) -> None:
        """Mark some rows."""
        fresh = self.annotations.marks.copy()
        fresh[np.asarray(rows, dtype=np.int64)] = mark
        self.annotations.marks = fresh
        self.annotations.revision += 1

    @property
    def metadata(self) -> Metadata | None:
        """Further columns, joined from a table."""
        return self.annotations.metadata

    def set_metadata(self, metadata: Metadata | None) -> None:
        """Attach the columns of ``read_metadata``."""
        self.annotations.metadata = metadata
        self.annotations.revision += 1

    # Figures ------------------------------------------------------------------------------------------------------

    def mask(self, subset: Subset) -> Bools:
        """(N,) the samples of "all", "old_classes" or "new_classes"."""
        if subset == "all":
            return np.ones(len(self), dtype=bool)
        return self.is_old_class if subset == "old_classes" else ~self.is_old_class

    def rates(self, subset: Subset) -> Rates:
        """The figures of a subset."""
        return self._rates[subset]

    @cached_property
    def _rates(self) -> dict[Subset, Rates]:
        lost = self.confidence_lost_at(self.negative_flips)
        return tally.all_rates(self.counts, float(lost.sum(dtype=np.float64)))

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """(32,) samples of each code of ``tally``."""
        total, is_new = np.zeros(tally.CODES, np.int64), self.class_is_new
        for part in parts(len(self), BLOCK):
            answer, truth = self.new_answer[part], self.truth[part]
            changed = self.old_answer[part] != answer
            total += tally.count(tally.codes(self.kinds[part], changed, is_new.take(answer), ~is_new.take(truth)))
        return total

    @cached_property
    def negative_flips(self) -> Ints:
        """Rows of all negative flips, ascending."""
        return np.flatnonzero(self.kinds == FlipKind.NEGATIVE).astype(np.int64)

    def numbers(self, column: str) -> Floats:
        """(N,) a column of numbers by its name in ``NUMBERS``."""
        return NUMBERS[column](self)

    def at(self, column: str, rows: Ints) -> Floats:
        """Some rows of a column of numbers; under an offset only these are computed."""
        values: Floats = self.numbers(column)[rows]
        return values

    def confidence_lost_at(self, rows: Ints) -> Floats:
        """``confidence_lost`` of some rows."""
        lost: Floats = self.at("new_confidence", rows) - self.at("truth_probability", rows)
        return lost

    def top(self, side: Side, row: int, k: int = 5) -> list[tuple[str, float, float]]:
        """The k largest answers of a version to one sample: (class name, softmax probability, logit).

        Empty where the version gave only its answers.
        """
        version, rows = (self.old, self.rows.old) if side == "old" else (self.new, self.rows.new)
        if not version.has_scores:
            return []
        logits = np.asarray(version.logits[row if rows is None else rows[row]], dtype=np.float64)
        if side == "new" and self.gamma:
            logits = logits - self.gamma * _lacking(version.class_names, self.old)
        weights = np.exp(logits - logits.max())
        probabilities = weights / weights.sum()
        order = np.lexsort((np.array(version.class_names), -logits))[:k]
        return [(version.class_names[i], float(probabilities[i]), float(logits[i])) for i in order]


NUMBERS: dict[str, Callable[[Comparison], Floats]] = {
    "old_confidence": lambda c: c.old_confidence,
    "new_confidence": lambda c: c.new_confidence,
    "truth_probability": lambda c: c.truth_probability,
    "old_margin": lambda c: c.old_margin,
    "new_margin": lambda c: c.new_margin,
    "margin_drop": lambda c: c.margin_drop,
    "confidence_lost": lambda c: c.confidence_lost,
    "loss": lambda c: c.loss,
    "confidence": lambda c: c.new_confidence,
}
"""Columns of numbers by name: what filters, sorting and files ask for. A "confidence" alone is the update's."""


def compare(old: Predictions, new: Predictions) -> Comparison:
    """Match two versions' predictions, samples by id and classes by name.

    Raises ``UserError`` where the data differ (no shared id, one with two true classes, or other fingerprints
    behind the same ids), where ids are not unique, and where logits are not finite.
    """
    rows, matching = match(old, new)
    names = union(new.class_names, old.class_names)
    is_new = _lacking(names, old)
    before = read_answers(old, rows.old, rows.truth, names, is_new)
    after = read_answers(new, rows.new, rows.truth, names, is_new)
    return Comparison(old, new, rows, matching, columns(rows.truth, before, after))


def _lacking(names: tuple[str, ...], version: Predictions) -> Bools:
    known = set(version.class_names)
    return np.array([name not in known for name in names], dtype=bool)
