from __future__ import annotations

import math

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.answer_bars import PairedAnswer, paired
from mpt_studio.gui.sample.inspector import Inspector

pytestmark = pytest.mark.gui


def test_that_bars_pair_classes_by_name() -> None:
    old = [("cat", 0.9, 2.0), ("dog", 0.1, 0.0)]
    new = [("fox", 0.6, 3.0), ("cat", 0.3995, 2.0), ("dog", 0.0005, -1.0)]
    assert paired(old, new, "cat") == [
        PairedAnswer("cat", 0.9, 0.3995, True),
        PairedAnswer("fox", None, 0.6, False),
        PairedAnswer("dog", 0.1, 0.0005, False),
    ]


def test_that_negligible_classes_are_left_out_but_never_the_truth() -> None:
    old = [("a", 0.9998, 9.0), ("b", 0.0001, 0.0), ("c", 0.0001, 0.0)]
    assert [p.name for p in paired(old, old, "c")] == ["a", "c"]


def test_that_margins_of_nan_draw_nothing(inspector: Inspector, qtbot: QtBot) -> None:
    inspector.margins.show_margins(math.nan, math.nan, 0)
    assert inspector.margins.accessibleDescription() == "old –, new –"
    assert not inspector.margins.grab().isNull()
