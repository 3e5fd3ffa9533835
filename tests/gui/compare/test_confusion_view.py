from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter
from mpt_studio.gui.compare.confusion_view import short
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import NAMES

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    ("value", "text", "change"),
    [
        (0, "0", "+0"),
        (812, "812", "+812"),
        (-7, "−7", "−7"),
        (1_234, "1.2k", "+1.2k"),
        (9_960, "10k", "+10k"),
        (398_890, "399k", "+399k"),
        (-12_400, "−12k", "−12k"),
        (999_600, "1.0M", "+1.0M"),
        (23_000_000, "23M", "+23M"),
    ],
)
def test_that_counts_are_short_enough_for_a_cell(value: int, text: str, change: str) -> None:
    assert short(value) == text
    assert short(value, plus=True) == change


def test_that_a_cell_of_the_confusion_leads_to_its_samples(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    view = page.confusion
    view.set_view("new")
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(view.matrix, Qt.MouseButton.LeftButton, pos=view.matrix.place(1, 2))
    assert workspace.filter == Filter(truths=("dog & <b>pup</b>",), answers=("fox",))
    assert sorted(workspace.rows) == [5, 6]
    view.set_view("old")
    view.matrix.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(view.matrix, key)
    assert workspace.filter == Filter(truths=("cat",), old_answers=(NAMES[1],))
    assert workspace.rows.tolist() == [3]
    assert view.readout.text() == "cat answered as dog & <b>pup</b>: 1 of 4 samples of cat."


def test_that_the_difference_tells_what_changed(page: ComparePage, workspace: Workspace) -> None:
    cells = page.confusion.matrix.cells
    assert cells is not None
    assert [[cells.texts(r, c) for c in range(3)] for r in range(3)] == [
        ["−1", "", "+1"],
        ["", "−2", "+2"],
        ["−1", "", "+1"],
    ]
    assert cells.is_good.diagonal().tolist() == [False, False, True]
    page.confusion.matrix.chosen.emit(0, 2)
    assert workspace.rows.tolist() == [1]
    assert workspace.filter.chips() == [("samples", "cat answered as fox by one version only")]


def test_that_many_classes_are_listed_by_their_confusions(
    page: ComparePage, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpt_studio.gui.compare.confusion_view.MOST_CLASSES", 2)
    page.confusion.set_view("new")
    rows = page.confusion.pairs.model.rows
    assert (rows[0].full_name, rows[0].text) == ("dog & <b>pup</b> → fox", "2")
    page.confusion.pairs.chosen.emit(rows[0].key)
    assert sorted(workspace.rows) == [5, 6]
