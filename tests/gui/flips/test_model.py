from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtTest import QAbstractItemModelTester

from mpt_studio.compare import Group
from mpt_studio.gui.flips.grid import FlipModel
from mpt_studio.gui.flips.model import GridLayout
from mpt_studio.gui.workspace.workspace import Workspace

TWO = [Group("a", 0, 5), Group("b", 5, 2)]
"""In three columns: two lines of a, one of b."""


def test_that_groups_begin_below_their_headings() -> None:
    layout = GridLayout(7, 3, 100, TWO, 30)
    assert [layout.place(i) for i in range(7)] == [
        (30, 0), (30, 1), (30, 2), (130, 0), (130, 1), (260, 0), (260, 1),
    ]  # fmt: skip
    assert layout.height == 360
    assert layout.at(10, 0) == -1
    assert layout.at(150, 2) == -1
    assert layout.at(265, 1) == 6
    assert layout.headings(0, 359) == [(0, TWO[0]), (230, TWO[1])]


def test_that_arrows_cross_headings_and_stop_at_the_edges() -> None:
    layout = GridLayout(7, 3, 100, TWO, 30)
    assert [layout.vertically(i, 1) for i in range(7)] == [3, 4, 4, 5, 6, 5, 6]
    assert [layout.vertically(i, -1) for i in range(7)] == [0, 1, 2, 0, 1, 3, 4]


def test_that_without_groups_cards_fill_the_lines() -> None:
    layout = GridLayout(7, 3, 100)
    assert layout.height == 300
    assert layout.place(4) == (100, 1)
    assert layout.between(50, 150) == range(6)
    assert layout.between(200, 299) == range(6, 7)
    assert [layout.vertically(i, 1) for i in (0, 4, 6)] == [3, 6, 6]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 7))
def test_that_every_card_is_found_where_it_is(sizes: list[int], columns: int) -> None:
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    groups = [Group(str(i), start, size) for i, (start, size) in enumerate(zip(starts, sizes, strict=True))]
    layout = GridLayout(sum(sizes), columns, 50, groups, 20)
    for position in range(sum(sizes)):
        top, column = layout.place(position)
        assert layout.at(top, column) == layout.at(top + 49, column) == position
        assert position in layout.between(top, top + 49)


def test_that_the_model_keeps_qts_rules(workspace: Workspace, qapp: object) -> None:
    model = FlipModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_rows(workspace.comparison(), np.array([3, 1, 2]))
    assert model.rowCount() == 3
    assert model.row_of(model.index(0)) == 3
    assert model.position(2) == 2
    assert model.position(7) is None
    del tester
