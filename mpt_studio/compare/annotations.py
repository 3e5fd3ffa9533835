"""What is known of samples beside the versions' answers: causes' thresholds, marks, metadata."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.answers import Bytes
from mpt_studio.errors import UserError

FACET_VALUES = 200
"""A column with more different values is for searching, not for a list of counts."""


@dataclass(frozen=True)
class CauseThresholds:
    """Where one cause ends and the next begins. Raises ``UserError`` for values that make no sense."""

    near_tie: float = 0.5
    """A flip is a near tie where the update's margin is above −near_tie logits: it was lost by a hair."""
    confident: float = 0.8
    """A flip is a confident reversal where both versions give their answers at least this probability."""
    suspect_sure: float = 0.95
    """A label is suspect where the update gives another class at least this probability, …"""
    suspect_truth: float = 0.01
    """… the label at most this one, …"""
    suspect_unsure: float = 0.6
    """… and the old model was right with at most this confidence, or wrong with the same answer as the update."""

    def __post_init__(self) -> None:
        if not self.near_tie >= 0:
            raise UserError(f"The near tie's width is {self.near_tie:g} logits; it has to be 0 or more.")
        for name in ("confident", "suspect_sure", "suspect_truth", "suspect_unsure"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"The threshold {name} is {getattr(self, name):g}; a probability lies between 0 and 1.")


NEAR_TIE = CauseThresholds.near_tie


class Cause(IntEnum):
    """Why a negative flip happened, or that the label is suspect; NONE for every other sample. Stored in arrays."""

    NONE = 0
    NEW_CLASS = 1
    NEAR_TIE = 2
    CONFIDENT_REVERSAL = 3
    OLD_OLD = 4
    SUSPECT_LABEL = 5


CAUSE_NAMES: dict[Cause, str] = {
    Cause.NONE: "no negative flip",
    Cause.NEW_CLASS: "stolen by a new class",
    Cause.NEAR_TIE: "near tie",
    Cause.CONFIDENT_REVERSAL: "confident reversal",
    Cause.OLD_OLD: "old-old confusion",
    Cause.SUSPECT_LABEL: "suspect label",
}


@dataclass(frozen=True, eq=False)
class Column:
    """One column over N samples: numbers, or a few different texts."""

    name: str
    numbers: npt.NDArray[np.float64] | None
    """(N,) values, NaN where there is none; None for a column of texts."""
    codes: npt.NDArray[np.int32]
    """(N,) index into ``values``; −1 where there is none. Empty for numbers of many different values."""
    values: tuple[str, ...]
    """Different texts, or few different numbers as texts, sorted; empty for numbers of many different values."""


@dataclass(frozen=True, eq=False)
class Metadata:
    """The joined columns and what could not be joined."""

    columns: dict[str, Column]
    joined_by: str
    """"sample id" or "file name"."""
    matched: int
    """Samples with a row."""
    unmatched_samples: int
    unmatched_rows: int
    """Rows that belong to no sample, or to more than one."""
    unmatched_examples: tuple[str, ...]
    """The first few of them, by what they are called in the file."""

    @property
    def facets(self) -> list[str]:
        """Names of the columns whose values can be listed with counts."""
        return [c.name for c in self.columns.values() if 0 < len(c.values) <= FACET_VALUES]

    def sentence(self) -> str:
        """How well the file fits, for people."""
        text = f"{self.matched:,} samples have metadata (joined by {self.joined_by})"
        if self.unmatched_samples:
            text += f", {self.unmatched_samples:,} have none"
        if self.unmatched_rows:
            examples = ", ".join(self.unmatched_examples)
            text += f"; {self.unmatched_rows:,} rows fit no sample ({examples})"
        return f"{text}."


@dataclass(eq=False)
class Annotations:
    """What is known of samples beside the versions' answers; shared by a comparison and its views."""

    thresholds: CauseThresholds
    marks: Bytes
    metadata: Metadata | None = None
    revision: int = 0
    """Counts changes, so that nothing computed from older ones is used."""
