from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import numpy as np
import pytest

from mpt_studio.gui.charts.curve_data import Floats, Line
from mpt_studio.gui.charts.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Frame, to_svg

FRAME = Frame("A & <B>", "epoch", (0.0, 10.0), (0.0, 4.0), [(5.0, "5")], [(2.0, "2")], log=False)
NONE = np.empty(0)


def line(y: list[float], low: Floats = NONE, high: Floats = NONE, label: str = "Run <1>") -> Line:
    return Line("r", label, "loss", "#2f74d0", np.linspace(0, 10, len(y)), np.array(y), low, high)


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


def points(element: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (p.split(",") for p in element.attrib["points"].split())]


def test_that_corners_of_the_ranges_are_corners_of_the_plot() -> None:
    (drawn,) = elements(to_svg(FRAME, [line([0.0, 4.0])], ["loss"]), "polyline")
    assert points(drawn) == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


def test_that_a_gap_in_the_values_is_a_gap_in_the_line() -> None:
    drawn = elements(to_svg(FRAME, [line([1.0, 2.0, np.nan, 3.0, 1.0])], ["loss"]), "polyline")
    assert [len(points(part)) for part in drawn] == [2, 2]


def test_that_a_band_runs_there_above_and_back_below() -> None:
    banded = line([1.0, 2.0], np.array([0.5, 1.0]), np.array([2.0, 3.0]))
    (drawn,) = elements(to_svg(FRAME, [banded], ["loss"]), "polygon")
    xs = [x for x, _ in points(drawn)]
    assert xs == [LEFT, WIDTH - RIGHT, WIDTH - RIGHT, LEFT]


def test_that_a_logarithmic_axis_shows_powers_of_ten_at_equal_distances() -> None:
    frame = dataclasses.replace(FRAME, y=(-2.0, 0.0), log=True)
    (drawn,) = elements(to_svg(frame, [line([0.01, 0.1, 1.0])], ["loss"]), "polyline")
    heights = [y for _, y in points(drawn)]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.02)


def test_that_names_are_text_and_never_markup() -> None:
    texts = [element.text for element in elements(to_svg(FRAME, [line([1.0, 2.0])], ["loss"]), "text")]
    assert {"A & <B>", "Run <1>"} <= set(texts)


def test_that_a_very_long_line_is_thinned() -> None:
    (drawn,) = elements(to_svg(FRAME, [line([1.0] * 100_000)], ["loss"]), "polyline")
    assert len(points(drawn)) <= 5000
