"""The fewest negative flips that a candidate reaches within limits, over logit offsets γ and shares α of the old model.

Nothing here is trained: each curve is a ``Frontier`` over γ of the answers at one α.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mpt_studio.compare.figures.frontier import Doubles, Frontier

MOST_POINTS = 120
_TIE = 1e-12
P = TypeVar("P", bound=tuple[float, ...])
OnCurve = tuple[float, float, float, float]
"""(NFR, accuracy, γ, α)."""


@dataclass(frozen=True)
class Floors:
    """The least accuracy that is asked, as fractions."""

    accuracy: float
    """On all samples."""
    accuracy_new_classes: float | None = None

    def shortfalls(self, curve: Frontier) -> Doubles:
        """(2, G) how far each point is below the floors of all samples and of new classes; at most 0 meets them."""
        new = np.full_like(curve.accuracy_all, -np.inf)
        if self.accuracy_new_classes is not None and curve.samples_new_classes:
            new = self.accuracy_new_classes - curve.accuracy_new_classes
        return np.stack([self.accuracy - curve.accuracy_all, new]) - _TIE


@dataclass(frozen=True)
class Point:
    """One point of a candidate's curves, as fractions."""

    nfr: float
    """Of old classes; over all where there are no samples of those."""
    accuracy: float
    accuracy_new_classes: float | None
    offset: float
    interpolation: float
    shortfall: float
    """How far below the floors it is; at most 0 meets them."""
    shortfall_new_classes: float

    @property
    def worst(self) -> float:
        return max(self.shortfall, self.shortfall_new_classes)


def least_nfr(curves: Mapping[float, Frontier], floors: Floors) -> Point:
    """Of the points that meet the floors that of the lowest NFR, else the nearest to them.

    Of equal ones that of higher accuracy, then of the smaller α and |γ|.
    """
    points = [_point(curve, i, alpha, floors) for alpha, curve in curves.items() for i in range(len(curve.offset))]
    return min(points, key=_order)


def _order(point: Point) -> tuple[float, ...]:
    return (max(point.worst, 0.0), point.nfr, -point.accuracy, point.interpolation, abs(point.offset))


def _point(curve: Frontier, i: int, alpha: float, floors: Floors) -> Point:
    every, new = floors.shortfalls(curve)[:, i].tolist()
    of_new = float(curve.accuracy_new_classes[i])
    return Point(
        nfr=float(curve.nfr[i]),
        accuracy=float(curve.accuracy_all[i]),
        accuracy_new_classes=None if np.isnan(of_new) else of_new,
        offset=float(curve.offset[i]),
        interpolation=alpha,
        shortfall=every,
        shortfall_new_classes=new,
    )


def on_front(curves: Mapping[float, Frontier], floors: Floors) -> tuple[OnCurve, ...]:
    """The points that no other beats in both NFR and accuracy, of all curves; about 120 of them at most.

    Of those that answer well enough on new classes: nothing else is for sale, however few flips it has.
    """
    found = undominated(
        (float(curve.nfr[i]), float(curve.accuracy_all[i]), float(curve.offset[i]), alpha)
        for alpha, curve in curves.items()
        for i in np.flatnonzero(floors.shortfalls(curve)[1] <= 0)
    )
    step = max(1, -(-len(found) // MOST_POINTS))
    return tuple(found[::-1][::step][::-1])  # the most accurate stays


def undominated(points: Iterable[P]) -> list[P]:
    """Of points that begin with NFR and accuracy those that no other beats in both, by rising NFR."""
    found: list[P] = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not found or point[1] > found[-1][1]:
            found.append(point)
    return found
