"""Outcomes in a word, a glyph and a colour: never by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from mpt_studio.decide import Decided, Finding
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import RIGHT, WRONG


@dataclass(frozen=True)
class Sign:
    """How an outcome looks."""

    glyph: str
    word: str
    hue: str
    """A field of ``Colors``."""

    @property
    def color(self) -> str:
        return theme.color(self.hue)


DECIDED: dict[Decided, Sign] = {
    "ship": Sign(RIGHT, "Ship", "right"),
    "hold": Sign(WRONG, "Hold", "wrong"),
    "review": Sign("▲", "Review", "both_wrong"),
    "too little evidence": Sign("?", "Too little evidence", "both_wrong"),
}
_PASSES = Sign(RIGHT, "passes", "right")
_FAILS = Sign(WRONG, "fails", "wrong")
_REVIEW = Sign("▲", "fails: review", "both_wrong")
_OPEN = Sign("?", "undecided", "both_wrong")
_UNKNOWN = Sign("▲", "ids not found: review", "both_wrong")


def sign_of(finding: Finding) -> Sign:
    """Of one criterion."""
    if finding.outcome == "too little evidence":
        return _OPEN
    if finding.passed:
        return _PASSES if finding.makes() == "ship" else _UNKNOWN
    return _REVIEW if finding.leads_to == "review" else _FAILS
