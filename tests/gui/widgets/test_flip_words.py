from __future__ import annotations

import math

import pytest

from mpt_studio.flips import FlipKind, Mark
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import drop_text, kind_color, mark_color, sentence
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_a_card_in_words_tells_kind_truth_both_answers_and_margin_drop(workspace: Workspace) -> None:
    comparison = workspace.comparison()
    assert comparison is not None
    assert sentence(comparison, 1) == "Negative flip: cat; old ✓ cat, new ✗ fox, margin drop 2.2"
    workspace.select(1)
    workspace.judging.mark(Mark.BLOCKER)
    marked = workspace.comparison()
    assert marked is not None
    assert sentence(marked, 1).endswith(", marked blocker")


@pytest.mark.parametrize(("drop", "text"), [(2.1, "▼ 2.1"), (-0.5, "▲ 0.5"), (0.0, "▼ 0.0"), (math.nan, "–")])
def test_that_a_drop_points_down_and_a_gain_up(drop: float, text: str) -> None:
    assert drop_text(drop) == text


def test_that_meaning_has_fixed_hues() -> None:
    colors = theme.colors()
    found = [kind_color(kind) for kind in (FlipKind.NEGATIVE, FlipKind.POSITIVE, FlipKind.BOTH_WRONG)]
    assert found == [colors.wrong, colors.right, colors.both_wrong]
    assert mark_color(Mark.BLOCKER) == colors.wrong
    assert mark_color(Mark.ACCEPTABLE) == colors.text
