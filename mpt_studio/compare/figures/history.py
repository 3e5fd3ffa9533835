"""More than two versions over the same data: NFR between every pair, and each sample's way through the versions.

Letters: V versions, N samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import Subset
from mpt_studio.errors import UserError
from mpt_studio.flips import NEW_RIGHT, OLD_RIGHT, FlipKind, ratio, wilson
from mpt_studio.predictions import Ints

MOST_VERSIONS = 64
Words = npt.NDArray[np.uint64]


class Fate(IntEnum):
    """What became of a sample from the first version to the last; every sample has one."""

    ALWAYS_RIGHT = 0
    ALWAYS_WRONG = 1
    GAINED = 2
    """Wrong first, then right to the end."""
    LOST = 3
    """Right first, then wrong to the end."""
    RECOVERED = 4
    """Right, wrong for a while, right again to the end."""
    FLAKY = 5
    """Any other back and forth."""


FATE_NAMES: dict[Fate, str] = {
    Fate.ALWAYS_RIGHT: "always right",
    Fate.ALWAYS_WRONG: "always wrong",
    Fate.GAINED: "gained",
    Fate.LOST: "lost",
    Fate.RECOVERED: "recovered",
    Fate.FLAKY: "flaky",
}


@dataclass(frozen=True, eq=False)
class History:
    """Which versions are right on which samples, as one word of bits per sample."""

    versions: tuple[str, ...]
    """(V,) what to call them, oldest first."""
    rows: Ints
    """(N,) rows of the last comparison that the samples are: those that every version answered."""
    bits: Words
    """(N,) bit v is set where version v is right."""
    is_old_class: Bools
    """(N,) whether the first version knows the true class."""

    def __len__(self) -> int:
        return len(self.bits)

    def right(self, version: int) -> Bools:
        """(N,) whether a version is right."""
        found: Bools = (self.bits >> np.uint64(version)) & np.uint64(1) > 0
        return found

    def strip(self, position: int) -> tuple[bool, ...]:
        """✓ or ✗ of each version for one sample."""
        word = int(self.bits[position])
        return tuple(bool(word >> v & 1) for v in range(len(self.versions)))

    @cached_property
    def fates(self) -> npt.NDArray[np.uint8]:
        """(N,) ``Fate`` values."""
        n = len(self.versions)
        turns = np.bitwise_count((self.bits ^ (self.bits >> np.uint64(1))) & np.uint64((1 << (n - 1)) - 1))
        first, last = self.right(0), self.right(n - 1)
        found = np.full(len(self), Fate.FLAKY, dtype=np.uint8)
        found[(turns == 2) & first & last] = Fate.RECOVERED
        found[(turns == 1) & first] = Fate.LOST
        found[(turns == 1) & last] = Fate.GAINED
        found[(turns == 0) & first] = Fate.ALWAYS_RIGHT
        found[(turns == 0) & ~first] = Fate.ALWAYS_WRONG
        return found

    def counts(self) -> dict[Fate, int]:
        """Samples of each fate."""
        return dict(zip(Fate, np.bincount(self.fates, minlength=len(Fate)).tolist(), strict=True))

    def samples(self, fate: Fate) -> Ints:
        """Rows of the last comparison with a fate."""
        found: Ints = self.rows[self.fates == fate]
        return found

    def flips(self, old: int, new: int) -> Ints:
        """Rows of the last comparison that are negative flips from one version to another."""
        found: Ints = self.rows[self.right(old) & ~self.right(new)]
        return found

    def flips_on(self, old: int, new: int, subset: Subset) -> tuple[int, int]:
        """Negative flips from one version to another among a subset's samples, and how many these are."""
        every = np.ones(len(self), dtype=bool)
        here = {"all": every, "old_classes": self.is_old_class, "new_classes": ~self.is_old_class}[subset]
        return int(np.count_nonzero(here & self.right(old) & ~self.right(new))), int(np.count_nonzero(here))

    @cached_property
    def flip_counts(self) -> Ints:
        """(V, V) samples that version [row] gets right and version [column] wrong."""
        n = len(self.versions)
        right = [self.right(v) for v in range(n)]
        counts = [[int(np.count_nonzero(a & ~b)) for b in right] for a in right]
        return np.array(counts, dtype=np.int64).reshape(n, n)

    def nfr(self, old: int, new: int) -> float | None:
        """NFR (all samples of the history) from one version to another."""
        return ratio(int(self.flip_counts[old, new]), len(self))

    def nfr_ci95(self, old: int, new: int) -> tuple[float, float] | None:
        """Its Wilson 95 % interval."""
        return wilson(int(self.flip_counts[old, new]), len(self))


def history(comparisons: Sequence[Comparison], versions: Sequence[str] = ()) -> History:
    """The old model followed by the updates, oldest first, from their comparisons with it; no logits are read.

    Args:
        comparisons: of the same old model with one update each.
        versions: what to call the old model and the updates; by default as their predictions do.
    Raises ``UserError`` where they share no sample, or there are too many versions.
    """
    if not 1 <= len(comparisons) < MOST_VERSIONS:
        raise UserError(f"A history takes 2 to {MOST_VERSIONS} versions; {len(comparisons) + 1} were given.")
    rows, places = _shared(comparisons)
    if not len(rows):
        raise UserError("The versions have no sample in common; evaluate them on the same data.")
    first, place = comparisons[0], places[0]
    bits = _flag(first, place, OLD_RIGHT).astype(np.uint64)
    for v, (comparison, place) in enumerate(zip(comparisons, places, strict=True), start=1):
        bits |= _flag(comparison, place, NEW_RIGHT).astype(np.uint64) << np.uint64(v)
    names = tuple(versions) or (first.old.version, *(c.new.version for c in comparisons))
    return History(names, rows, bits, first.is_old_class[places[0]])


def _shared(comparisons: Sequence[Comparison]) -> tuple[Ints, list[Ints]]:
    """Rows of the last comparison that all others have too, and where each has them."""
    last = comparisons[-1]
    places = [comparison.rows_of_samples(last) for comparison in comparisons]
    inside = np.logical_and.reduce([place >= 0 for place in places])
    return np.flatnonzero(inside).astype(np.int64), [place[inside] for place in places]


def _flag(comparison: Comparison, place: Ints, kinds: tuple[FlipKind, FlipKind]) -> Bools:
    found: Bools = np.isin(comparison.kinds, kinds)[place]
    return found
