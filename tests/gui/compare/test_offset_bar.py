from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import at_offset
from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from .conftest import cell

pytestmark = pytest.mark.gui


def test_that_the_offset_slider_moves_table_quadrants_charts_and_point(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    page.set_subset("all")
    workspace.select(5)
    page.offset.slider.setValue(page.offset.slider.maximum())
    gamma = workspace.offsets.of("plain")
    assert gamma == pytest.approx(page.offset.number.value())
    base = workspace.comparison("plain")
    assert base is not None
    view = at_offset(base, gamma)
    negative = view.rates("all").negative_flips
    assert negative < base.rates("all").negative_flips
    assert cell(page, 0, "NFR").startswith(f"{10 * negative}.0 %")
    assert cell(page, 0, "Candidate").startswith("plain (at γ = ")
    assert f"negative flips: {negative} of 10" in page.quadrants.cells[FlipKind.NEGATIVE].accessibleName()
    assert page.frontier.readout.text().startswith("plain at γ = ")
    with qtbot.waitSignal(workspace.comparison_changed):  # once, when the slider rests
        pass
    assert sum(int(row.text) for row in page.flow.bars.model.rows) == negative
    assert sorted(workspace.rows) == view.negative_flips.tolist()
    assert workspace.selected == 5
    assert cell(page, 1, "Candidate").startswith("MPT_KL (")
    assert page.title.text() == f"{workspace.current_name} against old"
    assert workspace.current_name.startswith("plain at γ = ")


def test_that_a_button_leads_back_to_the_candidate_as_trained(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.keyClick(page.offset.slider, Qt.Key.Key_Right)
    assert workspace.offsets.of("plain") == pytest.approx(page.offset.slider.singleStep() * page.offset.step)
    with qtbot.waitSignal(workspace.offsets.settled):
        qtbot.mouseClick(page.offset.reset, Qt.MouseButton.LeftButton)
    assert workspace.comparison() is workspace.comparison("plain")
    assert not page.offset.reset.isEnabled()
    assert page.frontier.readout.text().startswith("Marks: γ = 0")


def test_that_each_candidate_has_an_offset_of_its_own(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.offsets.settled):
        workspace.set_offset(0.5)
    workspace.set_current("mpt")
    assert page.offset.number.value() == 0.0
    workspace.set_current("plain")
    assert page.offset.number.value() == 0.5
    workspace.set_old("mpt")
    assert workspace.offsets.of("plain") == 0.0
