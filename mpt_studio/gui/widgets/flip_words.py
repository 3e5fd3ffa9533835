"""Flips in words, glyphs and colours, the same in every panel."""

from __future__ import annotations

import math

from mpt_studio.compare import Comparison
from mpt_studio.compare.finding.filters import MARK_WORDS
from mpt_studio.flips import NEW_RIGHT, OLD_RIGHT, FlipKind, Mark
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, number

KIND_NAMES = {
    FlipKind.NEGATIVE: "Negative flip",
    FlipKind.POSITIVE: "Positive flip",
    FlipKind.BOTH_WRONG: "Both wrong",
    FlipKind.BOTH_RIGHT: "Both right",
}
MARK_KEYS = {Mark.ACCEPTABLE: "P", Mark.BLOCKER: "X", Mark.LABEL_WRONG: "6"}
"""The keys that set the marks; they stand for them where there is no room for the word."""


def mark_color(mark: int) -> str:
    """What must not ship is red; the other marks are neither right nor wrong."""
    colors = theme.colors()
    return colors.wrong if mark == Mark.BLOCKER else colors.accent if mark == Mark.LABEL_WRONG else colors.text


def kind_color(kind: int) -> str:
    """Lost is red, gained and right green, both wrong amber."""
    colors = theme.colors()
    return {FlipKind.NEGATIVE: colors.wrong, FlipKind.BOTH_WRONG: colors.both_wrong}.get(FlipKind(kind), colors.right)


def sentence(comparison: Comparison, row: int) -> str:
    """The card in words, for screen readers and tooltips."""
    names, kind = comparison.names, int(comparison.kinds[row])
    return (
        f"{KIND_NAMES[FlipKind(kind)]}: {names[comparison.truth[row]]}; "
        f"old {RIGHT if kind in OLD_RIGHT else WRONG} {names[comparison.old_answer[row]]}, "
        f"new {RIGHT if kind in NEW_RIGHT else WRONG} {names[comparison.new_answer[row]]}, "
        f"margin drop {number(float(comparison.margin_drop[row]))}"
        + (f", marked {MARK_WORDS[Mark(mark)]}" if (mark := int(comparison.marks[row])) else "")
    )


def drop_text(drop: float) -> str:
    """A margin drop as "▼ 2.1", a gain as "▲ 2.1"."""
    return "–" if math.isnan(drop) else f"{'▼' if drop >= 0 else '▲'} {number(abs(drop))}"
