"""Two candidates against the same old model: is the difference in negative flips more than chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import positions
from mpt_studio.compare.tally import Subset
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind, mcnemar_p


@dataclass(frozen=True)
class Paired:
    """Negative flips of two candidates on the samples that both comparisons have."""

    subset: Subset
    samples: int
    both: int
    """Samples that are negative flips of both."""
    only_first: int
    only_second: int

    @property
    def nfr_difference(self) -> float | None:
        """NFR of the first candidate − NFR of the second, as a fraction; None without samples."""
        return (self.only_first - self.only_second) / self.samples if self.samples else None

    @property
    def mcnemar_p(self) -> float:
        """Two-sided exact McNemar test on the samples that only one of them flips."""
        return mcnemar_p(self.only_first, self.only_second)


def paired(first: Comparison, second: Comparison, subset: Subset = "old_classes") -> Paired:
    """Count the negative flips that two candidates share and those that they do not.

    Raises ``UserError`` where the comparisons have no sample in common, or the old model's answers to them differ.
    """
    places = second.rows_of_samples(first)
    left = np.flatnonzero(places >= 0)
    right = places[left]
    if not len(left):
        raise UserError("The two comparisons have no sample in common; evaluate both candidates on the same data.")
    same_class = positions(second.names, first.names)
    before = first.old_answer[left] != same_class[second.old_answer[right]]
    if before.any():
        example = str(first.sample_ids[left[before.argmax()]])
        raise UserError(
            f"The two comparisons are against different old models (they differ in sample {example!r}); "
            "compare both candidates with the same one."
        )
    chosen = first.mask(subset)[left]
    one = first.kinds[left][chosen] == FlipKind.NEGATIVE
    two = second.kinds[right][chosen] == FlipKind.NEGATIVE
    return Paired(subset, int(chosen.sum()), int((one & two).sum()), int((one & ~two).sum()), int((two & ~one).sum()))
