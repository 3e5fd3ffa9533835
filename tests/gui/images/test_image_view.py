from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mpt_studio.gui.charts.heat import heat_image
from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.images.thumbnails import to_qimage

pytestmark = pytest.mark.gui


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    made = ImageView()
    qtbot.addWidget(made)
    made.resize(200, 200)
    with qtbot.waitExposed(made):
        made.show()
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(0)
    made.show_image(image)
    return made


def scale(view: ImageView) -> float:
    return view.transform().m11()


def turn_wheel(view: ImageView, by: int) -> None:
    middle = QPointF(100, 100)
    nothing = Qt.MouseButton.NoButton
    event = QWheelEvent(
        middle, middle, QPoint(), QPoint(0, by), nothing, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), event)


def test_that_an_image_fits_at_first(view: ImageView) -> None:
    assert 9 < scale(view) <= 10


def test_that_the_wheel_zooms_and_z_fits(view: ImageView, qtbot: QtBot) -> None:
    fit = scale(view)
    turn_wheel(view, 120)
    assert scale(view) == pytest.approx(fit * 1.25)
    turn_wheel(view, -120)
    turn_wheel(view, -120)
    assert scale(view) == pytest.approx(fit / 1.25)
    qtbot.keyClick(view, Qt.Key.Key_Z)
    assert scale(view) == pytest.approx(fit)


def test_that_a_fitted_image_stays_fitted_when_the_view_grows(view: ImageView) -> None:
    before = scale(view)
    view.resize(400, 400)
    assert scale(view) > 1.9 * before


def test_that_a_zoomed_image_keeps_its_zoom_when_the_view_grows(view: ImageView) -> None:
    view.zoom(3)
    before = scale(view)
    view.resize(260, 260)
    assert scale(view) == before


def test_that_no_image_shows_the_note(view: ImageView) -> None:
    view.show_image(None, "The image is missing or cannot be read.")
    assert view._note == "The image is missing or cannot be read."
    assert not view.grab().isNull()


def test_that_two_views_can_look_at_the_same_place(view: ImageView, qtbot: QtBot) -> None:
    other = ImageView()
    qtbot.addWidget(other)
    other.resize(200, 200)
    with qtbot.waitExposed(other):
        other.show()
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(0)
    other.show_image(image)
    view.looked.connect(other.look)
    view.zoom(4)
    view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum())
    assert scale(other) == pytest.approx(scale(view), rel=0.02)
    centres = [v.mapToScene(v.viewport().rect().center()).x() for v in (view, other)]
    assert centres[1] == pytest.approx(centres[0], abs=0.5)


def test_that_an_overlay_needs_an_image(qtbot: QtBot) -> None:
    view = ImageView()
    qtbot.addWidget(view)
    view.set_overlay(heat_image(np.ones((2, 2))))
    assert view._overlay.pixmap().isNull()
    view.show_image(to_qimage(np.zeros((8, 8, 3), np.uint8)))
    view.set_overlay(heat_image(np.ones((2, 2))))
    assert view._overlay.pos().toPoint() == QPoint(0, 0)
    assert not view._overlay.pixmap().isNull()
