"""Values of files that may be anything."""

from __future__ import annotations

import pytest

from mpt_studio.engine.recognise.values import interpolation, side, three


def test_that_numbers_that_are_none_are_no_sides():
    assert [side(value) for value in (float("inf"), float("nan"), 32.5, 10**400, 32.0)] == [0, 0, 0, 0, 32]


@pytest.mark.parametrize("value", [None, "x", "", [0.5, 0.5], [0.1, 0.2, "x"], [True] * 3, [1e9] * 3, {"a": 1}])
def test_that_three_numbers_are_three_numbers(value):
    assert three(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(224, 224), ([3, 160, 160], 160), ((96, 96), 96), ([224, 192], 0), (0, 0), (10**9, 0), ("two", 0), (True, 0)],
)
def test_that_a_side_is_a_squares(value, expected):
    assert side(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("bicubic", "bicubic"), ("InterpolationMode.BILINEAR", "bilinear"), (1, "lanczos"), (4, None)],
)
def test_that_kinds_of_resizing_are_known_by_name_and_number(value, expected):
    assert interpolation(value) == expected
