from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.flips.grid import STEP, FlipGrid
from mpt_studio.gui.images.image_index import image_index
from mpt_studio.gui.images.thumbnails import Thumbnails
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def grid(qtbot: QtBot, workspace: Workspace) -> FlipGrid:
    """Ten cards in lines of four."""
    thumbnails = Thumbnails()
    thumbnails.set_dataset(workspace.dataset)
    made = FlipGrid(thumbnails)
    qtbot.addWidget(made, before_close_func=lambda _: thumbnails.close())
    made.resize(4 * made._cards.size().width() + 30, 420)
    comparison = workspace.comparison()
    assert comparison is not None
    made.set_content(comparison, np.arange(10), image_index(workspace.dataset, comparison))
    with qtbot.waitExposed(made):
        made.show()
    made.setFocus()
    return made


def at(grid: FlipGrid) -> int:
    return grid.currentIndex().row()


def press(qtbot: QtBot, grid: FlipGrid, *keys: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier):
    for key in keys:
        qtbot.keyClick(grid, key, modifier)


def test_that_ten_cards_come_in_lines_of_four(grid: FlipGrid) -> None:
    tops = [grid.visualRect(grid.flips.index(i)).top() for i in range(10)]
    assert [tops.index(top) for top in tops] == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


def test_that_arrows_home_and_end_move(qtbot: QtBot, grid: FlipGrid) -> None:
    press(qtbot, grid, Qt.Key.Key_Home)
    assert at(grid) == 0
    for key, expected in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 5),
        (Qt.Key.Key_Left, 4),
        (Qt.Key.Key_Left, 3),
        (Qt.Key.Key_End, 9),
        (Qt.Key.Key_Down, 9),
        (Qt.Key.Key_Up, 5),
        (Qt.Key.Key_Home, 0),
    ):
        press(qtbot, grid, key)
        assert at(grid) == expected


def test_that_page_keys_move_by_what_is_in_sight(qtbot: QtBot, grid: FlipGrid) -> None:
    press(qtbot, grid, Qt.Key.Key_Home, Qt.Key.Key_PageDown)
    lines = grid.viewport().height() // grid._cards.size().height()
    assert at(grid) == min(9, 4 * lines)
    press(qtbot, grid, Qt.Key.Key_PageUp)
    assert at(grid) == 0


def test_that_the_current_card_is_always_in_sight(qtbot: QtBot, grid: FlipGrid) -> None:
    press(qtbot, grid, Qt.Key.Key_End)
    assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))


def test_that_shift_extends_and_ctrl_a_selects_all(qtbot: QtBot, grid: FlipGrid) -> None:
    press(qtbot, grid, Qt.Key.Key_Home, Qt.Key.Key_Right)
    press(qtbot, grid, Qt.Key.Key_Down, modifier=SHIFT)
    assert grid.selected_rows().tolist() == [1, 2, 3, 4, 5]
    press(qtbot, grid, Qt.Key.Key_A, modifier=CONTROL)
    assert grid.selected_rows().tolist() == list(range(10))


def test_that_shift_and_ctrl_clicks_select_like_everywhere(qtbot: QtBot, grid: FlipGrid) -> None:
    def click(position: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        where = grid.visualRect(grid.flips.index(position)).center()
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, where)

    click(2)
    click(5, SHIFT)
    assert grid.selected_rows().tolist() == [2, 3, 4, 5]
    click(3, CONTROL)
    assert grid.selected_rows().tolist() == [2, 4, 5]
    click(0)
    assert grid.selected_rows().tolist() == [0]


def test_that_shift_click_backwards_selects_the_cards_between(qtbot: QtBot, grid: FlipGrid) -> None:
    for position, modifier in ((5, Qt.KeyboardModifier.NoModifier), (2, SHIFT)):
        where = grid.visualRect(grid.flips.index(position)).center()
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, where)
    assert grid.selected_rows().tolist() == [2, 3, 4, 5]


def test_that_enter_opens_and_space_glances(qtbot: QtBot, grid: FlipGrid) -> None:
    press(qtbot, grid, Qt.Key.Key_Home, Qt.Key.Key_Right)
    with qtbot.waitSignal(grid.opened) as opened:
        press(qtbot, grid, Qt.Key.Key_Return)
    with qtbot.waitSignal(grid.glanced) as glanced:
        press(qtbot, grid, Qt.Key.Key_Space)
    assert opened.args == [1]
    assert glanced.args == [1]


def test_that_a_point_beside_the_cards_is_no_card(grid: FlipGrid) -> None:
    last = grid.visualRect(grid.flips.index(9))
    assert grid.indexAt(last.center()).row() == 9
    assert not grid.indexAt(QPoint(last.right() + last.width(), last.center().y())).isValid()


def test_that_resizing_thumbnails_keeps_the_current_card_in_sight(qtbot: QtBot, grid: FlipGrid) -> None:
    press(qtbot, grid, Qt.Key.Key_End)
    grid.set_thumbnail(grid.thumbnail + 4 * STEP)
    assert grid.viewport().rect().intersects(grid.visualRect(grid.currentIndex()))


def test_that_visible_images_are_decoded_and_a_broken_one_is_a_placeholder(qtbot: QtBot, grid: FlipGrid) -> None:
    def there() -> bool:
        return all(grid.thumbnails.image(i) is not None for i in range(6))

    qtbot.waitUntil(there)
    first, broken = grid.thumbnails.image(0), grid.thumbnails.image(4)
    assert first is not None
    assert max(first.width(), first.height()) == grid.thumbnail
    assert broken is not None
    assert broken.isNull()


def test_that_data_that_come_after_the_samples_bring_their_images(
    qtbot: QtBot, grid: FlipGrid, workspace: Workspace
) -> None:
    comparison, rows = grid.flips.comparison, grid.flips.rows
    grid.set_content(comparison, rows, image_index(None, None))
    grid.thumbnails.set_dataset(None)
    grid.thumbnails.set_dataset(workspace.dataset)
    images = image_index(workspace.dataset, comparison)
    grid.set_content(comparison, rows, images)
    qtbot.waitUntil(lambda: grid.thumbnails.image(images[0]) is not None)


def test_that_a_million_rows_cost_no_more_than_ten(qtbot: QtBot, grid: FlipGrid, workspace: Workspace) -> None:
    comparison = workspace.comparison()
    assert comparison is not None
    rows = np.tile(np.arange(10), 100_000)
    grid.set_content(comparison, rows, image_index(workspace.dataset, comparison))
    press(qtbot, grid, Qt.Key.Key_End)
    assert at(grid) == 999_999
    assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))
    assert len(grid._visible()) < 40
    press(qtbot, grid, Qt.Key.Key_A, modifier=CONTROL)
    assert len(grid.selected_rows()) == 1_000_000


def test_that_cards_say_in_words_what_they_show(grid: FlipGrid) -> None:
    text = grid.flips.data(grid.flips.index(1))
    assert text == "Negative flip: cat; old ✓ cat, new ✗ fox, margin drop 2.2"


def test_that_names_from_files_are_not_markup_in_tooltips(grid: FlipGrid) -> None:
    tip = grid.flips.data(grid.flips.index(4), Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;pup" in tip
    assert "<b>" not in tip
