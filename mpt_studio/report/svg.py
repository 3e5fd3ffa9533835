"""SVG as text: elements, and numbers on an axis. What stands between the tags is text and never markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from mpt_studio.errors import one_sentence

Value = str | float | int


def element(name: str, *children: str | Markup, **attributes: Value) -> Markup:
    """An element; "_" in the names of attributes stands for "-", and "class_" for "class"."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(_text(v))}"' for key, v in attributes.items())
    inside = Markup("").join(child if isinstance(child, Markup) else escape(one_sentence(child)) for child in children)
    return Markup(f"<{name}{told}>{inside}</{name}>")


def drawing(width: int, height: int, title: str, *children: Markup, kind: str = "", **more: Value) -> Markup:
    """A picture of at most this width; ``title`` says what it shows to those who cannot see it."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
        class_=kind or "chart",
        **more,
    )


def _text(value: Value) -> str:
    if isinstance(value, str):
        return one_sentence(value, 4000)
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Scale:
    """Numbers onto pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def scale_of(values: Sequence[float], start: float, end: float, *, room: float = 0.08, least: float = 0.002) -> Scale:
    """A scale with room around the values; ``least`` is the narrowest range that is worth an axis."""
    low, high = min(values), max(values)
    spare = max((high - low) * room, (least - (high - low)) / 2, 0.0)
    return Scale(low - spare, high + spare, start, end)


def ticks(scale: Scale, most: int = 5) -> list[float]:
    """Round numbers within a scale."""
    rough = (scale.high - scale.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    return [i * step for i in range(math.ceil(scale.low / step), math.floor(scale.high / step) + 1)]


def path(points: Sequence[tuple[float, float]]) -> str:
    """The d of a line through points."""
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
