"""What one version answers on one data set: per-sample arrays that can be memory-mapped.

Shape letters: N samples, C classes of the version (columns of the logits), L names that labels refer to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.errors import UserError

Scores = Literal["logits", "probabilities", "answers"]
"""What a version is known by; with "answers" alone there are no margins, confidences, offsets and frontiers."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Logits (or only answers) of one version with the samples' ids and true classes."""

    sample_ids: Strings
    """(N,) unique text ids."""
    labels: Ints
    """(N,) true class as an index into ``label_names``; −1 where it is not known."""
    label_names: tuple[str, ...]
    """(L,) names that ``labels`` refers to: the data's classes, which may be more than the version's."""
    logits: Floats
    """(N, C) float32; (N, 0) with answers only. Logarithms of probabilities serve: they differ by a constant."""
    class_names: tuple[str, ...]
    """(C,) columns of ``logits``, or what ``answers`` refers to."""
    data: str = ""
    """The data's spec string and part, where known ("fashion-mnist test")."""
    data_fingerprint: str = ""
    version: str = ""
    """What answered, for people: a run's label, a file's name."""
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    scores: Scores = "logits"
    """What the version gave; probabilities are kept as their logarithms."""
    answers: Ints | None = None
    """(N,) index into ``class_names``; only with answers alone."""
    open_ended: bool = False
    """Whether ``class_names`` are only the classes that were ever answered: the version may know more."""
    notes: tuple[str, ...] = ()
    """What was found and done on importing, one sentence each."""
    part_fingerprint: str = ""
    """Of the part alone that was answered (``Dataset.part_fingerprint``); "" where unknown."""

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise UserError(f"The predictions{f' of {self.version}' if self.version else ''} {problem}.")

    def _problem(self) -> str:
        if not self.class_names:
            return "have no classes"
        problem = self._problem_of_scores()
        if problem:
            return problem
        n = len(self.sample_ids)
        if self.labels.shape != (n,):
            return f"have {n} sample ids but {self.labels.size} labels"
        if n and not (int(self.labels.min()) >= -1 and int(self.labels.max()) < len(self.label_names)):
            return f"have labels outside of their {len(self.label_names)} names"
        for what, names in (("class", self.class_names), ("label", self.label_names)):
            if len(set(names)) != len(names):
                double = next(name for name in names if names.count(name) > 1)
                return f"list the {what} name {double!r} more than once"
        return ""

    def _problem_of_scores(self) -> str:
        n, c = len(self.sample_ids), len(self.class_names)
        if (self.answers is not None) != (self.scores == "answers"):
            return f"have {self.scores} but {'no' if self.answers is None else 'also'} answers"
        if self.answers is None:
            fits = self.logits.ndim == 2 and self.logits.shape == (n, c)
            return "" if fits else f"have {n} sample ids and {c} class names, but logits of shape {self.logits.shape}"
        if self.answers.shape != (n,) or self.logits.shape != (n, 0):
            return f"have {n} sample ids but answers of shape {self.answers.shape}"
        if n and not (int(self.answers.min()) >= 0 and int(self.answers.max()) < c):
            return f"have answers outside of their {c} class names"
        return ""

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def has_scores(self) -> bool:
        """Whether there is more than the answers."""
        return self.answers is None

    @cached_property
    def has_truth(self) -> bool:
        """Whether the true class of any sample is known."""
        return bool(len(self.labels) and int(self.labels.max()) >= 0)

    @cached_property
    def predicted(self) -> Ints:
        """(N,) index into ``class_names`` of the largest logit, or the answer."""
        if self.answers is not None:
            return self.answers
        largest: Ints = self.logits.argmax(axis=1).astype(np.int64)
        return largest

    def check_finite(self) -> None:
        """Raise ``UserError`` where a largest logit is not finite: what is not a number is no answer."""
        if self.answers is None and len(self):
            bad = np.flatnonzero(~np.isfinite(self.logits.max(axis=1)))
            if len(bad):
                raise self.not_finite(bad, len(self))

    def not_finite(self, rows: npt.NDArray[np.intp], samples: int) -> UserError:
        """The sentence about rows without a finite largest logit, of so many samples."""
        return UserError(
            f"The predictions{f' of {self.version}' if self.version else ''} have logits that are not finite in "
            f"{len(rows):,} of {samples:,} samples (such as {str(self.sample_ids[rows[0]])!r}); "
            "train or export them again."
        )
