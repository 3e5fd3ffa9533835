from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from .conftest import cell

pytestmark = pytest.mark.gui


def test_that_candidates_are_told_apart_by_a_paired_test(page: ComparePage, workspace: Workspace) -> None:
    page.set_subset("all")
    # of 10 samples, plain flips 1, 2, 5, 6 and MPT_KL only 2 and 6: p of 2 against 0 is 0.5
    assert cell(page, 0, "Δ NFR") == "– (on show)"
    assert cell(page, 1, "Δ NFR") == "−20.0 pt (p = 0.500)"
    workspace.set_current("mpt")
    assert cell(page, 0, "Δ NFR") == "+20.0 pt (p = 0.500)"
    model = page.table.candidates
    tip = model.data(model.index(0, model.columnCount() - 1), Qt.ItemDataRole.ToolTipRole)
    assert "2 negative flips only of plain, 0 only of MPT_KL, 2 of both (all, n=10)" in tip
    page.set_subset("old_classes")
    assert cell(page, 0, "Δ NFR") == "+25.0 pt (p = 0.500)"


def test_that_the_noise_floor_is_told_where_two_plain_trainings_are_open(
    page: ComparePage, workspace: Workspace
) -> None:
    assert page.floor.isHidden()
    old = workspace.versions[0]
    workspace.add_version(type(old)("seed", "other seed", "noise_floor", predictions=old.predictions))
    # both know cat and dog: there plain has 0, 3 and 4 right, and the other seed of these not 3
    told = (
        "Noise floor: two plain trainings that differ only in the seed have an NFR ({}, n=8) "
        "of 12.5 % (2.2–47.1) between them."
    )
    assert page.floor.text() == told.format("old classes")
    page.set_subset("all")
    assert page.floor.text() == told.format("all")
    page.set_subset("new_classes")
    assert page.floor.isHidden()
