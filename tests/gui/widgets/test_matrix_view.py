from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.matrix_view import Cells, MatrixView, _Shrinking

pytestmark = pytest.mark.gui


@pytest.fixture
def view(qtbot: QtBot) -> MatrixView:
    made = MatrixView("Test", "row", "column")
    qtbot.addWidget(made)
    made.resize(300, 300)
    strength = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.0]])
    made.show_cells(
        Cells(
            ("a", "a very long name that has no room at all"),
            ("x", "y", "z"),
            lambda r, c: "1" if strength[r, c] else "",
            lambda r, c: f"cell {r} {c}",
            strength,
            np.array([[True, False, True], [False, True, True]]),
        )
    )
    made.show()
    return made


def test_that_a_click_chooses_the_cell_under_it(view: MatrixView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.chosen) as told:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.place(0, 2))
    assert told.args == [0, 2]


def test_that_empty_cells_lead_nowhere(view: MatrixView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.chosen, wait=50):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.place(1, 1))


def test_that_arrows_move_within_the_table_and_read_out(view: MatrixView, qtbot: QtBot) -> None:
    said: list[str] = []
    view.pointed.connect(said.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(view, key)
    assert said == ["cell 0 0", "cell 1 0", "cell 1 0", "cell 1 0"]
    assert view.accessibleName() == "Test: cell 1 0"
    with qtbot.waitSignal(view.chosen) as told:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert told.args == [1, 0]


def test_that_good_is_green_bad_is_red_and_nothing_is_the_panel(view: MatrixView) -> None:
    from mpt_studio.gui.widgets import theme

    image = view.grab().toImage()
    scale = image.devicePixelRatio()

    def hue(row: int, column: int) -> tuple[int, int]:
        box = view.cell_box(row, column)
        pixel = image.pixelColor(int((box.x() + 6) * scale), int((box.y() + 6) * scale))
        return pixel.red(), pixel.green()

    red, green = hue(0, 1)
    assert red > green + 40
    red, green = hue(0, 2)
    assert green > red + 20
    theme.set_scheme("dark")
    try:
        assert not view.grab().isNull()
    finally:
        theme.set_scheme("light")


def test_that_a_number_that_is_too_wide_gets_a_smaller_font_before_it_is_left_out(qapp: object) -> None:
    font = QFont("DejaVu Sans", 10)
    small, width = _Shrinking(font), QFontMetrics(font).horizontalAdvance("−399k")
    assert small.fitting("−399k", width) == font
    smaller = small.fitting("−399k", 0.85 * width)
    assert smaller is not None
    assert smaller.pointSizeF() < 10
    assert small.fitting("−399k", 0.3 * width) is None
