"""Two versions side by side on the same samples: every array and every rate that the program shows.

Shape letters: N matched samples, L names of classes (the union of both versions').
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio import flips
from mpt_studio.compare.answers import Answers, read_answers
from mpt_studio.compare.causes import causes
from mpt_studio.compare.matching import Bools, Matching, Rows, match, union
from mpt_studio.flips import FlipKind, Rates
from mpt_studio.predictions import Floats, Ints, Predictions, Strings

Subset = Literal["all", "old_classes", "new_classes"]
SUBSETS: tuple[Subset, ...] = ("all", "old_classes", "new_classes")
Side = Literal["old", "new"]


@dataclass(frozen=True)
class ClassRates:
    """The figures of the samples of one true class."""

    name: str
    index: int
    is_new: bool
    """Whether the old model lacks the class."""
    rates: Rates


@dataclass(frozen=True)
class FlowPair:
    """Negative flips of one true class to one new answer."""

    truth: str
    answer: str
    count: int
    to_new_class: bool


class Comparison:
    """An old version and an update on N samples, in the order of the update's predictions.

    Made by ``compare``. Arrays are computed on first use and kept; treat them as read-only.
    """

    def __init__(self, old: Predictions, new: Predictions, rows: Rows, matching: Matching) -> None:
        self.old, self.new, self.matching = old, new, matching
        self.old_rows, self.new_rows, self.truth = rows.old, rows.new, rows.truth
        self.names = union(new.class_names, old.class_names)
        self._rates: dict[Subset, Rates] = {}

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def class_is_new(self) -> Bools:
        """(L,) whether the old model lacks the class."""
        known = set(self.old.class_names)
        return np.array([name not in known for name in self.names], dtype=bool)

    @cached_property
    def _old(self) -> Answers:
        return read_answers(self.old, self.old_rows, self.truth, self.names, self.class_is_new)

    @cached_property
    def _new(self) -> Answers:
        return read_answers(self.new, self.new_rows, self.truth, self.names, self.class_is_new)

    @cached_property
    def sample_ids(self) -> Strings:
        """(N,) ids."""
        ids: Strings = np.asarray(self.new.sample_ids[self.new_rows])
        return ids

    @cached_property
    def lower_ids(self) -> Strings:
        """(N,) ids in lower case, to search in."""
        lowered: Strings = np.char.lower(self.sample_ids)
        return lowered

    @property
    def old_answer(self) -> Ints:
        """(N,) the old version's answer, an index into ``names``."""
        return self._old.answer

    @property
    def new_answer(self) -> Ints:
        """(N,) the update's answer, an index into ``names``."""
        return self._new.answer

    @property
    def old_confidence(self) -> Floats:
        """(N,) the old version's largest softmax probability."""
        return self._old.confidence

    @property
    def new_confidence(self) -> Floats:
        """(N,) the update's largest softmax probability."""
        return self._new.confidence

    @property
    def old_margin(self) -> Floats:
        """(N,) z_y − max over the others; NaN where the old version does not know the true class."""
        return self._old.margin

    @property
    def new_margin(self) -> Floats:
        """(N,) z_y − max over the others; NaN where the update does not know the true class."""
        return self._new.margin

    @cached_property
    def margin_drop(self) -> Floats:
        """(N,) old margin − new margin; NaN where one of them is."""
        with np.errstate(invalid="ignore", over="ignore"):
            drop: Floats = self.old_margin - self.new_margin
        return drop

    @property
    def best_old_logit(self) -> Floats:
        """(N,) the update's largest logit over the classes that the old model knows; −inf without."""
        row: Floats = self._new.best[0]
        return row

    @property
    def best_new_logit(self) -> Floats:
        """(N,) the update's largest logit over the classes that the old model lacks; −inf without."""
        row: Floats = self._new.best[1]
        return row

    @property
    def best_old_class(self) -> Ints:
        """(N,) the class of ``best_old_logit``; −1 without."""
        row: Ints = self._new.best_class[0]
        return row

    @property
    def best_new_class(self) -> Ints:
        """(N,) the class of ``best_new_logit``; −1 without."""
        row: Ints = self._new.best_class[1]
        return row

    @cached_property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """(N,) ``FlipKind`` values."""
        return flips.flip_kinds(self.old_answer == self.truth, self.new_answer == self.truth)

    @cached_property
    def causes(self) -> npt.NDArray[np.uint8]:
        """(N,) ``Cause`` values: why each negative flip happened; ``Cause.NONE`` elsewhere."""
        return causes(self)

    @cached_property
    def confidence_lost(self) -> Floats:
        """(N,) the update's max p − p[y]: how sure it is of something else."""
        lost: Floats = self._new.confidence - self._new.truth_probability
        return lost

    @cached_property
    def is_old_class(self) -> Bools:
        """(N,) whether the old model knows the true class."""
        known: Bools = ~self.class_is_new[self.truth]
        return known

    @cached_property
    def to_new_class(self) -> Bools:
        """(N,) whether the update answers a class that the old model lacks."""
        answered: Bools = self.class_is_new[self.new_answer]
        return answered

    def mask(self, subset: Subset) -> Bools:
        """(N,) the samples of "all", "old_classes" or "new_classes"."""
        if subset == "all":
            return np.ones(len(self), dtype=bool)
        return self.is_old_class if subset == "old_classes" else ~self.is_old_class

    def rates(self, subset: Subset) -> Rates:
        """The figures of a subset."""
        if subset not in self._rates:
            changed = self.old_answer != self.new_answer
            self._rates[subset] = flips.rates(
                self.kinds, changed, self.to_new_class, self.confidence_lost, self.mask(subset)
            )
        return self._rates[subset]

    def per_class(self) -> list[ClassRates]:
        """The figures of every class, in the order of ``names``; classes without samples have zero counts."""
        return self._per_class

    @cached_property
    def _per_class(self) -> list[ClassRates]:
        n = len(self.names)
        negative = self.kinds == FlipKind.NEGATIVE
        tables = np.bincount(self.truth * 4 + self.kinds, minlength=4 * n).reshape(n, 4)
        changed = np.bincount(self.truth[self.old_answer != self.new_answer], minlength=n)
        intruded = np.bincount(self.truth[negative & self.to_new_class], minlength=n)
        lost = np.bincount(self.truth[negative], weights=self.confidence_lost[negative], minlength=n)
        return [
            ClassRates(name, i, bool(self.class_is_new[i]), _rates(tables[i], changed[i], intruded[i], lost[i]))
            for i, name in enumerate(self.names)
        ]

    def flow(self) -> list[FlowPair]:
        """Where negative flips went: pairs (truth, new answer), most frequent first, equal ones by name."""
        negative = self.kinds == FlipKind.NEGATIVE
        pairs, counts = np.unique(
            self.truth[negative] * len(self.names) + self.new_answer[negative], return_counts=True
        )
        truths, answers = np.divmod(pairs, len(self.names))
        found = [
            FlowPair(self.names[t], self.names[a], int(count), bool(self.class_is_new[a]))
            for t, a, count in zip(truths, answers, counts, strict=True)
        ]
        return sorted(found, key=lambda pair: (-pair.count, pair.truth, pair.answer))

    def top(self, side: Side, row: int, k: int = 5) -> list[tuple[str, float, float]]:
        """The k largest answers of a version to one sample: (class name, softmax probability, logit)."""
        version, at = (self.old, self.old_rows[row]) if side == "old" else (self.new, self.new_rows[row])
        logits = np.asarray(version.logits[at], dtype=np.float64)
        weights = np.exp(logits - logits.max())
        probabilities = weights / weights.sum()
        order = np.lexsort((np.array(version.class_names), -logits))[:k]
        return [(version.class_names[i], float(probabilities[i]), float(logits[i])) for i in order]

    def to_json(self) -> dict[str, Any]:
        """Sample count, what did not match, and the figures of the three subsets."""
        figures: dict[str, Any] = {subset: self.rates(subset).to_json() for subset in SUBSETS}
        return {"samples": len(self), "matching": self.matching.to_json(), **figures}


def compare(old: Predictions, new: Predictions) -> Comparison:
    """Match two versions' predictions, samples by id and classes by name.

    Raises ``UserError`` where the data differ (no shared id, or one with two true classes), where ids are not unique,
    and where logits are not finite.
    """
    comparison = Comparison(old, new, *match(old, new))
    _ = comparison.kinds  # now, where the caller is ready for a sentence, and not in the middle of a painting
    return comparison


def _rates(table: npt.NDArray[np.int64], changed: int, intruded: int, lost: float) -> Rates:
    right, negative, positive, wrong = (int(count) for count in table)
    return Rates(right, negative, positive, wrong, int(changed), int(intruded), float(lost))
