from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPolygon
from pytestqt.qtbot import QtBot

from mpt_studio.flips import FlipKind
from mpt_studio.gui.flips.map_canvas import SHAPES, MapCanvas, glyph

pytestmark = pytest.mark.gui
PLACES = np.array([[i % 5, i // 5] for i in range(10)], np.float32)
"""Two lines of five; sample 0 is at the lower left."""


@pytest.fixture
def canvas(qtbot: QtBot) -> MapCanvas:
    made = MapCanvas()
    qtbot.addWidget(made)
    made.resize(448, 248)  # 400 × 200 for 4 × 1
    made.set_points(PLACES, np.array([0, 1, 1, 0, 0, 1, 1, 3, 0, 3], np.uint8))
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_points_fill_the_canvas_and_y_grows_upwards(canvas: MapCanvas) -> None:
    at = canvas.pixels()
    assert at[0] == pytest.approx((24, 224))
    assert at[9] == pytest.approx((424, 24))


def test_that_a_point_is_drawn_in_its_colour_where_it_lies(canvas: MapCanvas) -> None:
    image = canvas.grab().toImage()
    flip, background = image.pixelColor(124, 224), image.pixelColor(174, 130)
    assert flip.red() > 1.5 * flip.green()
    assert flip != background


def test_that_a_loop_finds_what_is_inside(canvas: MapCanvas) -> None:
    loop = QPolygon(
        [QPoint(100, 5), QPoint(250, 5), QPoint(250, 240), QPoint(200, 240), QPoint(200, 50), QPoint(100, 50)]
    )
    assert canvas.inside(loop).tolist() == [2, 6, 7]


def test_that_points_without_a_place_are_never_found(canvas: MapCanvas) -> None:
    places = PLACES.copy()
    places[2] = np.nan
    canvas.set_points(places, np.zeros(10, np.uint8))
    everywhere = QPolygon([QPoint(0, 0), QPoint(447, 0), QPoint(447, 247), QPoint(0, 247)])
    assert 2 not in canvas.inside(everywhere)
    assert len(canvas.inside(everywhere)) == 9
    assert not canvas.grab().isNull()


def test_that_a_hidden_kind_cannot_be_chosen(canvas: MapCanvas) -> None:
    assert canvas.row_at(QPointF(124, 224)) == 1
    canvas.hidden.add(FlipKind.NEGATIVE)
    canvas.sort_again()
    assert canvas.row_at(QPointF(124, 224)) is None


def test_that_zooming_keeps_what_is_under_the_pointer(canvas: MapCanvas) -> None:
    canvas.zoom(4.0, QPointF(124, 224))
    assert canvas.pixels()[1] == pytest.approx((124, 224))
    assert canvas.pixels()[0] == pytest.approx((124 - 400, 224))
    canvas.fit()
    assert canvas.pixels()[0] == pytest.approx((24, 224))


def test_that_a_click_chooses_and_a_drag_encircles(canvas: MapCanvas, qtbot: QtBot) -> None:
    with qtbot.waitSignal(canvas.chosen) as chosen:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(125, 222))
    assert chosen.args == [1]
    with qtbot.waitSignal(canvas.lassoed) as lassoed:
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(5, 200))
        for x, y in ((140, 200), (140, 240), (5, 240)):
            qtbot.mouseMove(canvas, QPoint(x, y))
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(5, 240))
    assert lassoed.args[0].tolist() == [0, 1]


def test_that_every_kind_has_a_glyph_of_its_own() -> None:
    for radius in (2, 3, 4):
        assert len({frozenset(map(tuple, glyph(shape, radius).tolist())) for shape in SHAPES.values()}) == 4


def test_that_a_map_of_points_in_one_place_can_be_drawn(canvas: MapCanvas) -> None:
    canvas.set_points(np.zeros((10, 2), np.float32), np.zeros(10, np.uint8))
    canvas.fit()
    assert not canvas.grab().isNull()
