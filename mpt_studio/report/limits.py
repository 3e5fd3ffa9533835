"""What a report does not say, in sentences: whoever decides by it has to know."""

from __future__ import annotations

from typing import Any

from mpt_studio.compare.figures.decision import Decision
from mpt_studio.units import count

FEW = 30
"""A class with fewer samples has an interval too wide to decide by."""


def sentences(record: dict[str, Any]) -> list[str]:
    """The limits of one report's record."""
    samples, figures = record["data"]["samples"], record["figures"]
    several = len(record["candidates"])
    few = sum(each["samples"] < FEW for each in record["per_class"])
    found = [
        f"All figures are of the same {count(samples, 'test image')}; of other images they say nothing.",
        "Intervals are Wilson's, of 95 % unless another confidence is named. They tell what another draw of images "
        "would change, not what another training with another seed would.",
    ]
    if not record["noise_floor"]:
        found.append("There is no noise floor: two plain trainings of different seeds were not compared.")
    if several > 1:
        found.append(
            f"{count(several, 'candidate')} were compared on these images before one was chosen; of the best of "
            "several the figures are a little too good."
        )
    if few:
        words = "has" if few == 1 else "have"
        found.append(f"{count(few, 'class', 'classes')} {words} fewer than {FEW} images; of these single flips decide.")
    if words := Decision("", record["interpolation"], record["offset"]).words():
        found.append(f"The update is judged at {words}; as trained it answers otherwise.")
    if record["adjusted"]:
        found.append("Figures include images whose label somebody marked as wrong, unless they say otherwise.")
    return [*found, *figures["not_available"], *record["data"]["matching"], *record["notes"]]
