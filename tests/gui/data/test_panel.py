from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QVBoxLayout
from pytestqt.qtbot import QtBot

from mpt_studio.gui.data.panel import DataPanel, thumbnails
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.store import Store

from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui


def texts(widget: object) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


def test_that_the_data_panel_splits_old_and_new_classes(qtbot: QtBot, workspace: Workspace) -> None:
    panel = DataPanel(workspace)
    qtbot.addWidget(panel)
    shown = texts(panel)
    assert "Old classes · 2" in shown
    assert "New classes · 1" in shown
    assert "0 training · 10 test · 3 classes" in shown


@pytest.mark.parametrize(("number", "last"), [(28, "c27"), (29, "… 5 more")])
def test_that_a_few_classes_more_are_not_hidden_behind_a_chip_as_wide(
    qtbot: QtBot, workspace: Workspace, number: int, last: str
) -> None:
    panel = DataPanel(workspace)
    qtbot.addWidget(panel)
    box = QVBoxLayout()
    panel._add_chips(box, "Classes", tuple(f"c{i}" for i in range(number)))
    holder = box.itemAt(1).widget()
    qtbot.addWidget(holder)
    assert [chip.text() for chip in holder.findChildren(QLabel)][-1] == last


def test_that_an_unreadable_image_is_left_out_of_the_strip(workspace: Workspace) -> None:
    assert workspace.dataset is not None
    tiles = thumbnails(workspace.dataset, 10, 8)
    assert tiles is not None
    assert len(tiles) == 9  # image 4 cannot be read


@pytest.mark.parametrize("ending", ["fail", "cancel"])
def test_that_data_on_their_way_are_named(qtbot: QtBot, store: Store, ending: str) -> None:
    worker = FakeWorker()
    workspace = Workspace(store, worker)  # type: ignore[arg-type]
    panel = DataPanel(workspace)
    qtbot.addWidget(panel)
    workspace.loading.open("builtin")
    assert "Opening Built-in characters …" in texts(panel.widget())
    if ending == "fail":
        worker.last.fail("The disk is full.")
    else:
        worker.last.cancel()
    assert "Opening Built-in characters …" not in texts(panel.widget())
