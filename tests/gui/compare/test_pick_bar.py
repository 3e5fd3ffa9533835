from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import TRUTH, predictions

pytestmark = pytest.mark.gui


def test_that_the_points_that_may_be_lost_decide_what_is_picked(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    assert page.picks.picked is not None
    assert page.picks.picked.key == "mpt"
    page.picks.points.setValue(0.5)
    assert "is above plain training's 40.0 %" in page.reason.text()
    assert workspace.recommending.picked is not None
    assert workspace.recommending.tolerance == 0.005


def test_that_a_candidate_is_picked_with_its_offset(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    answers = TRUTH.copy()
    answers[1] = 2  # its only flip, which an offset heals
    workspace.add_version(Version("one", "one", "candidate", predictions=predictions(answers, 3, "one")))
    page.picks.points.setValue(50)
    page.picks.any_offset.setChecked(True)
    qtbot.waitUntil(lambda: page.picks.picked is not None)
    assert "with logit offset γ = " in page.reason.text()
    workspace.set_current("mpt")
    workspace.set_offset(-1.0)
    with qtbot.waitSignal(workspace.offsets.settled):
        qtbot.mouseClick(page.picks.show_it, Qt.MouseButton.LeftButton)
    picked = page.picks.picked
    assert picked is not None
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.gamma == pytest.approx(picked.gamma)
    assert f"n=8): {100 * (comparison.rates('old_classes').nfr or 0):.1f} %" in page.reason.text()
