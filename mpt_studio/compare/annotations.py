"""What is known of samples beside the versions' answers: causes' thresholds, marks, metadata."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from mpt_studio.compare.columns import Bytes
from mpt_studio.errors import UserError

if TYPE_CHECKING:
    from mpt_studio.compare.files.metadata import Metadata


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


@dataclass(eq=False)
class Annotations:
    """What is known of samples beside the versions' answers; shared by a comparison and its views."""

    thresholds: CauseThresholds
    marks: Bytes
    metadata: Metadata | None = None
    revision: int = 0
    """Counts changes, so that nothing computed from older ones is used."""
