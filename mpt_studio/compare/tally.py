"""Counting flips of every subset at once: one small code per sample, one count per code.

Bits of a code: 0–1 the ``FlipKind``; 2 the answers differ; 3 the new answer is a new class; 4 the true class is old.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.answers import Bytes
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.flips import FlipKind, Rates

Subset = Literal["all", "old_classes", "new_classes"]
SUBSET_WORDS: dict[Subset, str] = {"all": "all", "old_classes": "old classes", "new_classes": "new classes"}
"""What people call them."""
SUBSETS: tuple[Subset, ...] = tuple(SUBSET_WORDS)
CODES = 32
_EVERY = np.arange(CODES)
KIND = _EVERY & 3
_CHANGED: Bools = (_EVERY & 4) > 0
_TO_NEW: Bools = (_EVERY & 8) > 0
_IS_OLD: Bools = (_EVERY & 16) > 0


def codes(kinds: Bytes, changed: Bools, to_new_class: Bools, is_old_class: Bools) -> Bytes:
    """(N,) one code per sample."""
    found = kinds.copy()
    for bit, flags in ((2, changed), (3, to_new_class), (4, is_old_class)):
        found |= flags.view(np.uint8) << np.uint8(bit)
    return found


def count(of: Bytes) -> npt.NDArray[np.int64]:
    """(32,) samples of each code."""
    found: npt.NDArray[np.int64] = np.bincount(of, minlength=CODES).astype(np.int64)
    return found


def inside(subset: Subset) -> Bools:
    """(32,) the codes of a subset's samples."""
    if subset == "all":
        return np.ones(CODES, dtype=bool)
    return _IS_OLD if subset == "old_classes" else ~_IS_OLD


def rates(counts: npt.NDArray[np.int64], subset: Subset, confidence_lost: float) -> Rates:
    """The figures of a subset from the counts of all codes."""
    here = np.where(inside(subset), counts, 0)
    right, negative, positive, wrong = (int(here[kind == KIND].sum()) for kind in FlipKind)
    intrusions = int(here[_TO_NEW & (KIND == FlipKind.NEGATIVE)].sum())
    return Rates(right, negative, positive, wrong, int(here[_CHANGED].sum()), intrusions, confidence_lost)


def all_rates(counts: npt.NDArray[np.int64], confidence_lost: float) -> dict[Subset, Rates]:
    """The figures of every subset; only samples of old classes are negative flips and lose confidence."""
    return {each: rates(counts, each, 0.0 if each == "new_classes" else confidence_lost) for each in SUBSETS}
