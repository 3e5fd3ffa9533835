from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.image import SampleImage, Viewer
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_of_rows_in_a_hurry_the_last_is_shown(workspace: Workspace, qtbot: QtBot) -> None:
    image = SampleImage(workspace)
    qtbot.addWidget(image)
    for row in (1, 2, 3):
        image.show_row(row)
    qtbot.waitUntil(lambda: not image._item.pixmap().isNull())
    grey = image._item.pixmap().toImage().pixelColor(0, 0)
    assert (grey.red(), grey.green(), grey.blue()) == (70, 70, 70)  # as sample 3 is drawn


def test_that_what_cannot_be_shown_says_why(workspace: Workspace, qtbot: QtBot) -> None:
    image = SampleImage(workspace)
    qtbot.addWidget(image)
    with qtbot.waitSignal(image.shown, check_params_cb=lambda _, note: note == "The image test/04 has vanished."):
        image.show_row(4)
    workspace.dataset = None
    with qtbot.waitSignal(image.shown) as shown:
        image.show_row(1)
    assert shown.args == [None, "Open the data set (Ctrl+D) to see the images."]


@pytest.fixture
def viewer(workspace: Workspace, qtbot: QtBot) -> Viewer:
    made = Viewer(workspace)
    qtbot.addWidget(made)
    made.show_row(1, 0, 1234)
    return made


def test_that_the_larger_view_says_what_it_shows_and_where_it_is(viewer: Viewer) -> None:
    assert viewer.caption.text().startswith("Negative flip: cat; old ✓ cat, new ✗ fox")
    assert viewer.place.text() == "1 of 1,234"


@pytest.mark.parametrize(("key", "by"), [(Qt.Key.Key_Right, 1), (Qt.Key.Key_Up, -1), (Qt.Key.Key_PageDown, 10)])
def test_that_arrows_step_through_the_grid(viewer: Viewer, qtbot: QtBot, key: Qt.Key, by: int) -> None:
    with qtbot.waitSignal(viewer.stepped) as stepped:
        qtbot.keyClick(viewer, key)
    assert stepped.args == [by]


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_that_the_grid_is_one_key_away(viewer: Viewer, qtbot: QtBot, key: Qt.Key) -> None:
    with qtbot.waitSignal(viewer.closed):
        qtbot.keyClick(viewer, key)
