"""Two versions side by side on the same samples: every array and every rate that the program shows.

Shape letters: N matched samples, L names of classes (the union of both versions').
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare import missing, tally
from mpt_studio.compare.annotations import Annotations, CauseThresholds
from mpt_studio.compare.answers import Codes, read_answers
from mpt_studio.compare.blocks import BLOCK, parts
from mpt_studio.compare.columns import Bytes, Columns, columns
from mpt_studio.compare.figures import classes
from mpt_studio.compare.figures.causes import causes
from mpt_studio.compare.figures.classes import ClassRates, FlowPair
from mpt_studio.compare.matching import ids as searching
from mpt_studio.compare.matching.matching import Bools, Matching, Rows, match, union
from mpt_studio.compare.tally import SUBSETS, Subset
from mpt_studio.flips import FlipKind, Mark, Rates
from mpt_studio.predictions import Floats, Ints, Predictions, Strings

if TYPE_CHECKING:
    from mpt_studio.compare.figures.offset import OffsetComparison, Offsets
    from mpt_studio.compare.files.metadata import Metadata


__all__ = ["SUBSETS", "ClassRates", "Columns", "Comparison", "FlowPair", "Side", "Subset", "compare"]
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
        self.kept: dict[Any, Any] = {}
        """What filters and facets keep from one request to the next."""
        self._rates: dict[Subset, Rates] = {}
        self._causes: tuple[CauseThresholds, Bytes] | None = None

    def __len__(self) -> int:
        return len(self.truth)

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
        return sides_without_scores(self.old, self.new)

    # Samples ------------------------------------------------------------------------------------------------------

    @cached_property
    def old_rows(self) -> Ints:
        """(N,) rows of the old version's predictions."""
        return np.arange(len(self), dtype=np.int64) if self.rows.old is None else self.rows.old

    @cached_property
    def new_rows(self) -> Ints:
        """(N,) rows of the update's predictions."""
        return np.arange(len(self), dtype=np.int64) if self.rows.new is None else self.rows.new

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
    def causes(self) -> Bytes:
        """(N,) ``Cause`` values under ``thresholds``: why each sample is wrong; ``Cause.NONE`` elsewhere."""
        if self._causes is None or self._causes[0] != self.thresholds:
            self._causes = (self.thresholds, causes(self))
        return self._causes[1]

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
        if subset not in self._rates:
            lost = float(self.confidence_lost_at(self.negative_flips).sum(dtype=np.float64))  # all are of old classes
            by_subset = {"all": lost, "old_classes": lost, "new_classes": 0.0}
            self._rates = {each: tally.rates(self._counts, each, by_subset[each]) for each in SUBSETS}
        return self._rates[subset]

    @cached_property
    def _counts(self) -> npt.NDArray[np.int64]:
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

    def at(self, column: str, rows: Ints) -> Floats:
        """Some rows of a column of numbers; under an offset only these are computed."""
        values: Floats = getattr(self, column)[rows]
        return values

    def confidence_lost_at(self, rows: Ints) -> Floats:
        """``confidence_lost`` of some rows."""
        lost: Floats = self.at("new_confidence", rows) - self.at("truth_probability", rows)
        return lost

    def per_class(self) -> list[ClassRates]:
        """The figures of every class, in the order of ``names``; classes without samples have zero counts."""
        return self._per_class

    @cached_property
    def _per_class(self) -> list[ClassRates]:
        return classes.per_class(self, self.class_table)

    @cached_property
    def class_table(self) -> npt.NDArray[np.int64]:
        """(L, 5) samples of each true class by ``FlipKind``, and those whose answers differ."""
        return classes.class_table(self)

    def flow(self) -> list[FlowPair]:
        """Where negative flips went: pairs (truth, new answer), most frequent first, equal ones by name."""
        return classes.flow(self)

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

    def to_json(self) -> dict[str, Any]:
        """Sample count, what did not match, what is not available, and the figures of the three subsets."""
        figures: dict[str, Any] = {subset: self.rates(subset).to_json() for subset in SUBSETS}
        return {"samples": len(self), "matching": self.matching.to_json(), **missing.about(self), **figures}

    # Views and files ----------------------------------------------------------------------------------------------

    @cached_property
    def offsets(self) -> Offsets:
        """The samples by where the logit offset changes their answer; what makes ``at_offset`` quick."""
        from mpt_studio.compare.figures.offset import Offsets

        return Offsets(self)

    def at_offset(self, gamma: float) -> Comparison | OffsetComparison:
        """The same comparison with γ subtracted from the update's new-class logits; itself for 0.

        Raises ``UserError`` for another γ where the update gave only its answers.
        """
        from mpt_studio.compare.figures.offset import OffsetComparison

        if gamma:
            missing.refuse(self, "offset")
        return OffsetComparison(self, gamma) if gamma else self

    def save(self, folder: Path) -> None:
        """Keep the columns on disk; ``kept.load`` opens them again."""
        from mpt_studio.compare.files import kept

        kept.save(self, folder)


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


def sides_without_scores(old: Predictions, new: Predictions) -> tuple[Side, ...]:
    """The versions that gave only their answers."""
    versions: dict[Side, Predictions] = {"old": old, "new": new}
    return tuple(side for side, version in versions.items() if not version.has_scores)
