"""What an update has to meet to ship. ``policy_file`` reads and writes it; its meaning is in docs/decide.md."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

from mpt_studio.errors import UserError, one_sentence

Unit = Literal["fraction", "points", "samples", "confidence"]
_RANGES: dict[Unit, str] = {
    "fraction": "a fraction between 0 and 1 (0.01 is 1 %)",
    "points": "points between -100 and 100 (-0.5 allows a loss of half a point)",
    "samples": "a whole number of samples, at least 1",
    "confidence": "a fraction between 0.5 and 0.9999 (0.95 is usual), or 0 to judge by the values alone",
}


@dataclass(frozen=True)
class Key:
    """One number of a policy: its place in the file, and the field that it becomes."""

    table: str
    name: str
    field: str
    unit: Unit = "fraction"

    @property
    def path(self) -> str:
        """How [review] and ``Finding.key`` call it."""
        return f"{self.table}.{self.name}"

    @property
    def option(self) -> str:
        """How the command line calls it."""
        return "--" + self.field.replace("_", "-")

    def fits(self, value: float) -> bool:
        """Whether the field may have this value; points are fractions there."""
        if self.unit == "points":
            return -1 <= value <= 1
        if self.unit == "samples":
            return isinstance(value, int) and value >= 1
        return 0 <= value <= 1 if self.unit == "fraction" else value == 0 or 0.5 <= value <= 0.9999

    @property
    def range(self) -> str:
        """What it may be, for people."""
        return _RANGES[self.unit]


KEYS = (
    Key("accuracy", "min_gain", "min_accuracy_gain", "points"),
    Key("accuracy", "min_gain_old", "min_accuracy_gain_old", "points"),
    Key("accuracy", "min_new", "min_accuracy_new"),
    Key("nfr", "max", "max_nfr"),
    Key("classes", "max_nfr", "max_class_nfr"),
    Key("classes", "min_samples", "min_samples", "samples"),
    Key("evidence", "confidence", "confidence", "confidence"),
)
SLICE_KEYS = (Key("slices", "max_nfr", "max_nfr"), Key("slices", "min_gain", "min_gain", "points"))
CRITERIA = tuple(key for key in KEYS if key.unit in ("fraction", "points"))
"""Those that ask for something by themselves."""


@dataclass(frozen=True)
class IdSet:
    """Samples that must not be negative flips."""

    name: str
    ids: tuple[str, ...]
    file: str = ""
    """Where they are listed, as the policy file says it; empty for a list that was given otherwise."""


@dataclass(frozen=True)
class Slice:
    """What is asked of some of the samples."""

    where: str
    """ "column = value", or a search text."""
    max_nfr: float | None = None
    min_gain: float | None = None

    def __post_init__(self) -> None:
        _check(self, SLICE_KEYS)

    @property
    def shown(self) -> str:
        """Which samples, fit to be shown."""
        return shown(self.where)


@dataclass(frozen=True)
class Policy:
    """What an update has to meet; None is not asked. Rates and gains are fractions. Raises ``UserError``."""

    min_accuracy_gain: float | None = None
    """Smallest accuracy (all) of the update − accuracy (all) of the old model; below 0 allows a loss."""
    min_accuracy_gain_old: float | None = None
    """The same on old classes."""
    min_accuracy_new: float | None = None
    """Smallest accuracy of the update on new classes."""
    max_nfr: float | None = None
    """Largest NFR (old classes)."""
    max_class_nfr: float | None = None
    """Largest NFR of any one old class …"""
    min_samples: int = 1
    """… that has so many samples; those with fewer are named as not judged."""
    must_not_flip: tuple[IdSet, ...] = ()
    slices: tuple[Slice, ...] = ()
    confidence: float = 0.95
    """A criterion holds where its interval of this confidence does; 0 judges by the values alone."""
    review: tuple[str, ...] = ()
    """Criteria that lead to "review" instead of "hold" where they fail, by ``Finding.key`` or its table."""

    def __post_init__(self) -> None:
        _check(self, KEYS)

    def asks(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self.must_not_flip or self.slices) or any(getattr(self, key.field) is not None for key in CRITERIA)

    def keys(self) -> list[str]:
        """The criteria by ``Finding.key``."""
        numbers = [key.path for key in CRITERIA if getattr(self, key.field) is not None]
        sets, parts = (f"must_not_flip.{each.name}" for each in self.must_not_flip), (s.where for s in self.slices)
        return [*numbers, *sets, *(f"slices.{where}" for where in parts)]

    def leads_to(self, key: str) -> Literal["hold", "review"]:
        """What a failing criterion makes of the verdict."""
        return "review" if key in self.review or key.partition(".")[0] in self.review else "hold"

    def replaced(self, *listed: IdSet, **values: Any) -> Policy:
        """The policy with other values, where they are not None, and further lists of ids; of one name, the later."""
        sets = {each.name: each for each in (*self.must_not_flip, *listed)}
        given = {name: value for name, value in values.items() if value is not None}
        return dataclasses.replace(self, must_not_flip=tuple(sets.values()), **given)


def _check(checked: Policy | Slice, keys: tuple[Key, ...]) -> None:
    for key in keys:
        value = getattr(checked, key.field)
        if value is not None and not (math.isfinite(value) and key.fits(value)):
            raise UserError(f"{key.option} is {value:g}; it is {_told_range(key)}.")


def _told_range(key: Key) -> str:
    """Options take gains as fractions."""
    return "a fraction between -1 and 1 (0.01 is a point)" if key.unit == "points" else key.range


def shown(name: str) -> str:
    """A name of the user's, fit to be shown."""
    return one_sentence(name, 80)


BY_VALUE = Policy(confidence=0)
"""Asks for nothing and judges by values alone: what options alone add to."""
