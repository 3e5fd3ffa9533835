from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compare.head_bar import HeadBar
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui


def test_that_measuring_is_offered_where_something_can_be_measured(page: ComparePage, workspace: Workspace) -> None:
    assert not page.head.measure.isEnabled()
    assert "No version on show has weights that could be measured." in page.head.measure.toolTip()
    workspace.worker = FakeWorker()
    workspace.version("mpt").checkpoint = "mpt.safetensors"
    page.refresh()
    page.head.measure.click()
    assert workspace.worker.last.job == "measure_costs"
    assert not page.head.measure.isEnabled()


def test_that_buttons_say_what_was_chosen(qtbot: QtBot) -> None:
    bar = HeadBar()
    qtbot.addWidget(bar)
    bar.show_subset("all")
    assert bar.subsets.checkedButton().text() == "All"
    with qtbot.waitSignal(bar.subset_chosen) as chosen:
        qtbot.mouseClick(bar.subsets.button(2), Qt.MouseButton.LeftButton)
    assert chosen.args == ["new_classes"]
