"""What cannot be told where a version gave only its answers, and how to say so."""

from __future__ import annotations

from mpt_studio.compare.comparison import Comparison, Side
from mpt_studio.errors import UserError

NEEDS: dict[str, tuple[str, tuple[Side, ...]]] = {
    "margin_drop": ("margin drop", ("old", "new")),
    "confidence": ("confidence", ("new",)),
    "new_confidence": ("confidence", ("new",)),
    "old_confidence": ("old confidence", ("old",)),
    "confidence_lost": ("confidence lost", ("new",)),
    "old_margin": ("old margin", ("old",)),
    "new_margin": ("new margin", ("new",)),
    "loss": ("loss", ("new",)),
    "offset": ("logit offset", ("new",)),
    "frontier": ("frontier", ("new",)),
    "fusion": ("fusion", ("old", "new")),
}
"""What is shown → what people call it, and the versions whose scores it needs."""
SIDES: dict[Side, str] = {"old": "the old model", "new": "the update"}


def reason(comparison: Comparison, name: str) -> str:
    """Why something of ``NEEDS`` is not available, as a sentence; empty where it is, or needs no scores."""
    words, sides = NEEDS.get(name, ("", ()))
    return why_not(comparison, words, sides)


def why_not(comparison: Comparison, words: str, sides: tuple[Side, ...]) -> str:
    """Why there is none of what needs the scores of these versions, as a sentence; empty where there is."""
    lacking = [SIDES[side] for side in sides if side in comparison.without_scores]
    return f"There is no {words}: {_gave(lacking)} only answers, no scores." if lacking else ""


def refuse(comparison: Comparison, name: str) -> None:
    """Raise ``UserError`` where something of ``NEEDS`` is not available."""
    why = reason(comparison, name)
    if why:
        raise UserError(why)


def sentences(comparison: Comparison) -> list[str]:
    """What is not available, for people; empty where everything is."""
    lacking = [SIDES[side] for side in comparison.without_scores]
    if not lacking:
        return []
    words = dict.fromkeys(words for name, (words, _) in NEEDS.items() if reason(comparison, name))
    who = _gave(lacking)
    return [f"{who[0].upper()}{who[1:]} only answers, no scores; not available: {', '.join(words)}."]


def _gave(who: list[str]) -> str:
    return f"{' and '.join(who)} gave"
