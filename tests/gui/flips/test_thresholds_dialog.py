from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import CauseThresholds
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.flips.thresholds_dialog import ThresholdsDialog
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def causes(page: FlipsPage) -> dict[str, str]:
    return {row.name: row.text for row in page.facets.lists["causes"].model.rows}


def opened(qtbot: QtBot, page: FlipsPage) -> ThresholdsDialog:
    qtbot.mouseClick(page.facets.edit_thresholds, Qt.MouseButton.LeftButton)
    assert page.facets._dialog is not None
    return page.facets._dialog


def test_that_a_number_typed_beside_the_causes_sorts_the_flips_anew(page: FlipsPage, qtbot: QtBot) -> None:
    assert causes(page) == {"Stolen by a new class": "3", "Old-old confusion": "1"}
    dialog = opened(qtbot, page)
    dialog.numbers["near_tie"].setValue(1.3)
    qtbot.waitUntil(lambda: causes(page) == {"Stolen by a new class": "3", "Near tie": "1"})


def test_that_the_defaults_come_back_with_one_click(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    dialog = opened(qtbot, page)
    assert not dialog.reset.isEnabled()
    dialog.numbers["confident"].setValue(0.3)
    dialog.numbers["suspect_sure"].setValue(0.9)
    assert dialog.reset.isEnabled()
    qtbot.mouseClick(dialog.reset, Qt.MouseButton.LeftButton)
    assert workspace.thresholds.value == CauseThresholds()
    assert dialog.numbers["confident"].value() == 0.8


def test_that_what_was_typed_last_counts_when_the_dialog_closes(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    dialog = opened(qtbot, page)
    with qtbot.waitExposed(dialog):
        dialog.show()
    dialog.numbers["near_tie"].setValue(2.0)
    dialog.close()
    assert workspace.thresholds.value.near_tie == 2.0
