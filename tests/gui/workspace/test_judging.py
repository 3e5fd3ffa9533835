from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter, read_ids
from mpt_studio.compare.figures.data_of import data_of
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.widgets.flip_words import sentence
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.gui.window.exports import Exports
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import FLIPS
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.store import Store
from mpt_studio.store.marks import Marks

pytestmark = pytest.mark.gui


def stored(workspace: Workspace) -> dict[str, Mark]:
    """What another process would read."""
    comparison, marks = workspace.comparison(), Marks(workspace.store.root)
    assert comparison is not None
    found = marks.marks(data_of(comparison))
    marks.close()
    return found


def test_that_a_mark_is_on_disk_at_once_and_the_next_image_follows(page: FlipsPage, workspace: Workspace) -> None:
    first, second, *_ = workspace.rows
    workspace.select(int(first))
    workspace.judging.block()
    assert stored(workspace) == {f"test/{first:02d}": Mark.BLOCKER}
    assert workspace.selected == second
    assert page.grid.currentIndex().row() == 1


def test_that_several_selected_images_are_marked_together(page: FlipsPage, workspace: Workspace) -> None:
    workspace.select(int(workspace.rows[0]))
    page.grid.selectAll()
    workspace.judging.accept()
    assert set(stored(workspace).values()) == {Mark.ACCEPTABLE}
    assert len(stored(workspace)) == 4
    assert workspace.selected == workspace.rows[0]


def test_that_undo_takes_a_mark_back_and_returns_to_its_image(page: FlipsPage, workspace: Workspace) -> None:
    first = int(workspace.rows[0])
    workspace.select(first)
    workspace.judging.doubt()
    workspace.judging.undo()
    assert stored(workspace) == {}
    assert workspace.selected == first
    workspace.judging.redo()
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.marks[first] == Mark.LABEL_WRONG
    assert "marked label wrong" in sentence(comparison, first)


def test_that_marks_hold_for_every_version_on_the_same_data(page: FlipsPage, workspace: Workspace) -> None:
    workspace.select(2)
    workspace.judging.block()
    other = workspace.comparison("mpt")
    assert other is not None
    assert list(other.marks.nonzero()[0]) == [2]


def test_that_marks_are_there_when_the_data_are_opened_again(workspace: Workspace) -> None:
    workspace.select(5)
    workspace.judging.accept()
    again = Workspace(Store(workspace.store.root))
    for version in workspace.versions:
        again.add_version(version)
    comparison = again.comparison()
    assert comparison is not None
    assert comparison.marks[5] == Mark.ACCEPTABLE
    again.close()


def test_that_an_image_leaves_a_filter_on_marks_when_it_is_marked(page: FlipsPage, workspace: Workspace) -> None:
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,), marks=(Mark.NONE,)))
    first, second, *_ = map(int, workspace.rows)
    workspace.select(first)
    workspace.judging.accept()
    assert first not in workspace.rows
    assert workspace.selected == second
    assert page.grid.currentIndex().row() == 0


@pytest.mark.parametrize("name", ["list.txt", "list.csv"])
def test_that_blockers_become_a_list_to_compare_against(window: MainWindow, tmp_path: Path, name: str) -> None:
    window.workspace.select(6)
    window.workspace.judging.block()
    Exports(window, window.workspace, Settings()).write_blockers(
        tmp_path / name, window.workspace.judging.ids(Mark.BLOCKER)
    )
    assert read_ids(tmp_path / name) == ("test/06",)


@pytest.fixture
def window(qtbot: QtBot, workspace: Workspace) -> MainWindow:
    made = MainWindow(workspace.store)
    qtbot.addWidget(made)
    for version in workspace.versions:
        made.workspace.add_version(version)
    made.resize(1280, 800)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_letters_mark_only_where_an_image_is_selected(qtbot: QtBot, window: MainWindow) -> None:
    marking = window.actions_by_id["mark_blocker"]
    window.pages.show_page("train")
    assert not marking.isEnabled()
    window.pages.show_page("flips")
    row = int(window.workspace.rows[0])
    window.workspace.select(row)
    assert marking.isEnabled()
    window.activateWindow()
    window.pages[FLIPS].grid.setFocus()
    qtbot.waitUntil(window.pages[FLIPS].grid.hasFocus)
    qtbot.keyClick(window.pages[FLIPS].grid, Qt.Key.Key_X)
    comparison = window.workspace.comparison()
    assert comparison is not None
    assert comparison.marks[row] == Mark.BLOCKER
    qtbot.keyClick(window.pages[FLIPS].grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    comparison = window.workspace.comparison()
    assert comparison is not None
    assert not comparison.marks.any()
    window.pages.show_page("runs")
    assert not marking.isEnabled()
