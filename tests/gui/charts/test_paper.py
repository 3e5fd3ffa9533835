from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from mpt_studio.gui.charts.curve_data import Floats, Line
from mpt_studio.gui.charts.paper import PLOT, Frame, Mark, chart

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("qapp")]
FRAME = Frame("A & <B>", "epoch", (0.0, 10.0), (0.0, 4.0), [(5.0, "5")], [(2.0, "2")])
LEFT, TOP, RIGHT, BOTTOM = PLOT.left(), PLOT.top(), PLOT.right(), PLOT.bottom()
NONE = np.empty(0)
BLUE = "#2f74d0"


def line(y: list[float], low: Floats = NONE, high: Floats = NONE, label: str = "Run <1>") -> Line:
    return Line("r", label, "loss", BLUE, np.linspace(0, 10, len(y)), np.array(y), low, high)


def elements(tag: str, frame: Frame, lines: Sequence[Line], marks: Sequence[Mark] = ()) -> list[ElementTree.Element]:
    """What is drawn of the lines and marks; for texts the frame's as well."""
    svg = ElementTree.fromstring(chart("svg", frame, lines, ["loss"], marks))
    found = list(svg.iter(f"{{http://www.w3.org/2000/svg}}{tag}"))
    axes_and_legend = 3 if tag == "polyline" else 0
    return found[axes_and_legend:]


def points(element: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (p.split(",") for p in element.attrib["points"].split())]


def test_that_corners_of_the_ranges_are_corners_of_the_plot() -> None:
    (drawn,) = elements("polyline", FRAME, [line([0.0, 4.0])])
    assert points(drawn) == [(LEFT, BOTTOM), (RIGHT, TOP)]


def test_that_a_gap_in_the_values_is_a_gap_in_the_line() -> None:
    drawn = elements("polyline", FRAME, [line([1.0, 2.0, np.nan, 3.0, 1.0])])
    assert [len(points(part)) for part in drawn] == [2, 2]


def test_that_a_band_runs_there_above_and_back_below() -> None:
    banded = line([1.0, 2.0], np.array([0.5, 1.0]), np.array([2.0, 3.0]))
    (drawn,) = elements("polygon", FRAME, [banded])
    assert [x for x, _ in points(drawn)][:4] == [LEFT, RIGHT, RIGHT, LEFT]


def test_that_a_logarithmic_axis_shows_powers_of_ten_at_equal_distances() -> None:
    frame = dataclasses.replace(FRAME, y=(-2.0, 0.0), log=True)
    (drawn,) = elements("polyline", frame, [line([0.0, 0.01, 0.1, 1.0])])  # zero has no logarithm
    heights = [y for _, y in points(drawn)]
    assert len(heights) == 3
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.02)


def test_that_names_are_text_and_never_markup() -> None:
    texts = [element.text for element in elements("text", FRAME, [line([1.0, 2.0])])]
    assert {"A & <B>", "Run <1>", "epoch", "5", "2"} <= set(texts)


def test_that_marks_stand_where_they_belong_and_only_in_view() -> None:
    marks = [Mark(5.0, 2.0, BLUE, 5.0), Mark(5.0, 9.0, BLUE, 5.0), Mark(0.0, 4.0, BLUE, 6.0, diamond=True)]
    (disc,) = elements("circle", FRAME, [], marks)
    assert (float(disc.attrib["cx"]), float(disc.attrib["cy"])) == (PLOT.center().x(), PLOT.center().y())
    (diamond,) = elements("polygon", FRAME, [], marks)
    assert points(diamond)[0] == (LEFT, TOP - 6)


def test_that_a_png_shows_the_same_as_an_svg_at_more_than_twice_its_resolution() -> None:
    image = QImage.fromData(chart("png", FRAME, [line([2.0, 2.0])], ["loss"]))
    assert (image.width(), image.height()) == (1800, 1100)
    middle = 2.5 * PLOT.center()
    assert image.pixelColor(middle.toPoint()) == QColor(BLUE)
