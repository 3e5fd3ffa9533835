from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mpt_studio.gui import widgets
from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.widgets.wheel import ComboBox, DoubleSpinBox, Slider, SpinBox

pytestmark = pytest.mark.gui

Maker = Callable[[], tuple[QWidget, Callable[[], object]]]


def choice() -> tuple[QWidget, Callable[[], object]]:
    made = ComboBox()
    made.addItems(list("abc"))
    made.setCurrentIndex(1)
    return made, made.currentIndex


def written_choice() -> tuple[QWidget, Callable[[], object]]:
    made, value = choice()
    made.setEditable(True)  # type: ignore[attr-defined]
    return made, value


def number() -> tuple[QWidget, Callable[[], object]]:
    made = DoubleSpinBox()
    made.setValue(5)
    return made, made.value


def whole() -> tuple[QWidget, Callable[[], object]]:
    made = SpinBox()
    made.setValue(5)
    return made, made.value


def slider() -> tuple[QWidget, Callable[[], object]]:
    made = Slider()
    made.setValue(50)
    return made, made.value


def picture() -> tuple[QWidget, Callable[[], object]]:
    made = ImageView()
    made.show_image(QImage(8, 8, QImage.Format.Format_RGB32))
    return made, lambda: made.transform().m11()


def wheel(over: QWidget) -> None:
    """From the system, as only such events are passed on to the widgets around."""
    window = over.window()
    place = over.mapTo(window, QPoint(over.width() // 2, min(40, over.height()) - 10))
    QTest.wheelEvent(window.windowHandle(), QPointF(place), QPoint(0, -120))


@pytest.fixture
def panel(qtbot: QtBot) -> QScrollArea:
    made = QScrollArea(widgetResizable=True)
    qtbot.addWidget(made)
    made.resize(300, 200)
    return made


@pytest.mark.parametrize("make", [choice, written_choice, number, whole, slider, picture])
def test_that_the_wheel_scrolls_the_panel_until_what_is_under_it_is_clicked(
    qtbot: QtBot, panel: QScrollArea, make: Maker
) -> None:
    part, value = make()
    content = QWidget()
    content.setMinimumHeight(1000)
    column = QVBoxLayout(content)
    column.addWidget(part)
    column.addStretch()
    panel.setWidget(content)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.setFocus()
    under = part.viewport() if isinstance(part, ImageView) else part
    before = value()
    wheel(under)
    assert panel.verticalScrollBar().value() > 0
    assert value() == before
    panel.verticalScrollBar().setValue(0)
    part.setFocus()
    wheel(under)
    assert value() != before
    assert panel.verticalScrollBar().value() == 0


def test_that_a_picture_that_has_the_page_to_itself_is_zoomed_at_once(qtbot: QtBot) -> None:
    part, value = picture()
    qtbot.addWidget(part)
    with qtbot.waitExposed(part):
        part.show()
    before = value()
    wheel(part.viewport())  # type: ignore[attr-defined]
    assert value() != before


def test_that_the_window_s_source_makes_no_choice_or_number_that_takes_the_wheel() -> None:
    made = re.compile(r"\bQ(ComboBox|SpinBox|DoubleSpinBox|Slider)\(")
    gui = Path(widgets.__file__).parents[1]
    found = {path.name for path in gui.rglob("*.py") if made.search(path.read_text("utf-8"))}
    assert found == set()
