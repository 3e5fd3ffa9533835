"""A curve of accuracy against NFR: what it goes over, its points, and each of them in a sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtCore import Qt

from mpt_studio.compare import SUBSET_WORDS, Frontier, Subset
from mpt_studio.gui.widgets.plain import number, percent
from mpt_studio.units import count

_FROM_BEST = 0.1
"""The plot opens on points whose accuracy is at most this far below the best."""


@dataclass(frozen=True)
class Kind:
    """What a curve goes over; one that is drawn beside the candidates' says so in its legend."""

    letter: str
    then: str
    """What a click on a point does, or what it takes, as a sentence."""
    style: Qt.PenStyle = Qt.PenStyle.SolidLine
    symbol: str = ""
    """Of its points, where each is a version."""
    mark: str = "●─"
    words: str = ""
    tip: str = ""


OFFSETS = Kind("γ", "Click to see these flips.")
WEIGHTS = Kind(
    "α",
    "Click to open this version.",
    Qt.PenStyle.DotLine,
    "t1",
    "△┄",
    "mixed weights",
    "Weights between the update's (α = 0) and the old model's (α = 1). Click to see the whole curve.",
)
FUSION = Kind(
    "w",
    "Both models must be served for it.",
    Qt.PenStyle.DashDotLine,
    "",
    "─·",
    "fusion (serve both)",
    "Old and new model answer together: probabilities w · old + (1 − w) · update, from w = 0, the update, to w = 1. "
    "Both must be served. Click to see the whole curve.",
)


@dataclass(frozen=True, eq=False)
class Curve:
    """One candidate's frontier over ``offset``: ``x`` NFR (old classes), ``y`` accuracy (``subset``), in percent."""

    key: str
    name: str
    color: int
    is_plain: bool
    offset: np.ndarray
    """γ; of versions between the old model and the candidate α, of a fusion w: the old model's share."""
    x: np.ndarray
    y: np.ndarray
    samples: int
    """Of the accuracy's subset."""
    samples_old_classes: int
    kind: Kind = OFFSETS
    subset: Subset = "all"
    new_classes: tuple[np.ndarray, int] | None = None
    """Accuracy on new classes in percent, and how many samples those have; None without any."""

    @classmethod
    def of(cls, key: str, name: str, color: int, is_plain: bool, frontier: Frontier, kind: Kind = OFFSETS) -> Curve:
        x, y = (np.asarray(values, float) * 100 for values in (frontier.nfr_old_classes, frontier.accuracy_all))
        n = frontier.samples_all, frontier.samples_old_classes
        of_new = 100 * np.asarray(frontier.accuracy_new_classes, float), frontier.samples_new_classes
        new = of_new if of_new[1] else None
        return cls(key, name, color, is_plain, np.asarray(frontier.offset, float), x, y, *n, kind, new_classes=new)

    def over(self, subset: Subset) -> Curve:
        """The same with the accuracy on new classes, where there are samples of them."""
        if subset != "new_classes" or self.new_classes is None:
            return self
        return replace(self, y=self.new_classes[0], samples=self.new_classes[1], subset=subset)

    @property
    def at_zero(self) -> int:
        """Position of γ = 0."""
        return int(np.abs(self.offset).argmin())

    @property
    def reach(self) -> tuple[float, float]:
        """Smallest and largest γ of the points that are worth a look."""
        worth = self.offset[self.worth()]
        return float(worth.min(initial=0.0)), float(worth.max(initial=0.0))

    def worth(self) -> Any:
        """Points around γ = 0: not far below the best accuracy and not far beyond the trained NFR.

        On new classes alone the best would be an update that calls everything new; there it is the trained one.
        """
        best = self.y.max() if self.subset == "all" else self.y[self.at_zero]
        return self.near(best) & (self.x <= 1.3 * max(self.x[self.at_zero], 0.5))

    def near(self, best: float) -> Any:
        """Points whose accuracy is not far below the best."""
        return self.y >= best - 100 * _FROM_BEST

    def sentence(self, i: int) -> str:
        """One point, without a full stop."""
        return self.sentence_at(float(self.offset[i]), float(self.y[i]), float(self.x[i]))

    def sentence_at(self, value: float, accuracy: float, nfr: float) -> str:
        """A point that need not be one of the curve's; both rates in percent."""
        of_all = f"{SUBSET_WORDS[self.subset]}, n={count(self.samples)}"
        of_old = f"old classes, n={count(self.samples_old_classes)}"
        rates = f"accuracy ({of_all}) {percent(accuracy / 100)}, NFR ({of_old}) {percent(nfr / 100)}"
        return f"{self.name} at {self.kind.letter} = {number(value, 2)}: {rates}"
