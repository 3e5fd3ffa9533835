"""The fewest negative flips within limits, against trying every point."""

from __future__ import annotations

import numpy as np
import pytest

from mpt_studio.compare import compare, frontier
from mpt_studio.compare.figures.within import MOST_POINTS, Floors, least_nfr, on_front, undominated

from ..conftest import random_pair


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("floor", [0.0, 0.2, 0.3, 2.0])
def test_that_the_point_is_the_best_of_all_that_meet_the_floors(seed: int, floor: float) -> None:
    curves = {
        alpha: frontier(compare(*random_pair(seed + n, samples=60, known=3))) for n, alpha in enumerate((0.0, 0.4))
    }
    found = least_nfr(curves, Floors(floor, floor / 2))
    points = [
        (float(c.nfr[i]), float(c.accuracy_all[i]), float(c.accuracy_new_classes[i]))
        for c in curves.values()
        for i in range(len(c.offset))
    ]
    inside = [p for p in points if p[1] >= floor and p[2] >= floor / 2]
    if inside:
        assert found.nfr == min(p[0] for p in inside)
        assert found.worst <= 0
    else:
        assert found.worst == pytest.approx(min(max(floor - p[1], floor / 2 - p[2]) for p in points))


def test_that_the_front_holds_no_point_that_another_beats() -> None:
    curves = {0.0: frontier(compare(*random_pair(3, samples=900, known=4)))}
    front = on_front(curves, Floors(1.0))
    assert undominated(front) == list(front)
    assert len(front) <= MOST_POINTS
    assert max(point[1] for point in front) == curves[0.0].accuracy_all.max()


def test_that_the_front_leaves_out_what_does_not_answer_with_new_classes() -> None:
    curve = frontier(compare(*random_pair(3, samples=900, known=4)))
    floor = float(np.median(curve.accuracy_new_classes))
    enough = {float(gamma) for gamma in curve.offset[curve.accuracy_new_classes >= floor - 1e-12]}
    front = on_front({0.0: curve}, Floors(0.0, floor))
    assert front
    assert {point[2] for point in front} <= enough
    assert min(point[0] for point in front) > min(point[0] for point in on_front({0.0: curve}, Floors(0.0)))


def test_that_undominated_points_rise_in_both() -> None:
    points = [(0.2, 0.9), (0.1, 0.8), (0.3, 0.9), (0.1, 0.7), (0.4, 0.95)]
    assert undominated(points) == [(0.1, 0.8), (0.2, 0.9), (0.4, 0.95)]
