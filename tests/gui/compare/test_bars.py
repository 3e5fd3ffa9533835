from __future__ import annotations

import pytest

from mpt_studio.compare import Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_classes_are_sorted_by_nfr_and_lead_to_their_flips(page: ComparePage, workspace: Workspace) -> None:
    rows = page.classes.bars.model.rows
    assert [(row.name, row.text) for row in rows] == [
        ("cat", "50.0 %  2/4"),
        ("dog & <b>pup</b>", "50.0 %  2/4"),
    ]
    page.classes.bars.chosen.emit("cat")
    assert workspace.filter == Filter(kinds=(FlipKind.NEGATIVE,), truths=("cat",))
    assert sorted(workspace.rows) == [1, 2]


def test_that_the_flow_counts_pairs_and_marks_new_classes(page: ComparePage, workspace: Workspace) -> None:
    rows = page.flow.bars.model.rows
    assert [(row.full_name, row.text, row.note) for row in rows] == [
        ("dog & <b>pup</b> → fox", "2", "new"),
        ("cat → dog & <b>pup</b>", "1", ""),
        ("cat → fox", "1", "new"),
    ]
    assert page.flow.summary.text() == "3 of 4 negative flips (75.0 %) went to new classes."
    page.flow.bars.chosen.emit(rows[0].key)
    assert sorted(workspace.rows) == [5, 6]


def test_that_nfr_per_class_has_an_axis_on_which_its_bars_end(page: ComparePage) -> None:
    scale, rows = page.classes.bars.scale, page.classes.bars.model.rows
    assert scale.isVisible()
    assert scale.ticks == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])
    reach = rows[0].high and 0.5 / rows[0].length  # the longest whisker ends where the bars' room ends
    assert scale.place(0.5) == pytest.approx(
        scale.place(0.0) + rows[0].length * (scale.place(reach) - scale.place(0.0))
    )
    assert not page.flow.bars.scale.isVisible()
