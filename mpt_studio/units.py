"""How numbers are written for people, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Unit = Literal["count", "share", "ratio", "probability"]
UNITS: dict[Unit, Callable[[float], str]] = {
    "count": str,
    "share": lambda rate: f"{100 * rate:.1f} %",
    "ratio": lambda value: f"{value:.2f}",
    "probability": lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}",
}
"""How numbers are written, in the order in which a table of all figures tells them."""


def told(unit: Unit, value: float | None) -> str:
    """A number for people; undefined is a dash."""
    return "–" if value is None else UNITS[unit](value)


def p_value(p: float) -> str:
    """For small print: "p = 0.012", "p < 0.001"."""
    text = told("probability", p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def file_size(value: int) -> str:
    """ "44.7 MB", "12,345 bytes"."""
    return f"{value / 1e6:,.1f} MB" if value >= 1e5 else f"{value:,} bytes"


def duration(worked: float) -> str:
    """ "45 s", "3 min 20 s", "2 h 05 min"; empty where nothing was done."""
    seconds = round(worked)
    if not worked:
        return ""
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes} min {seconds:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def estimated(seconds: float) -> str:
    """A time that nobody has measured yet, as exact as it is: "40 s", "12 min", "3 h 20 min", "2 days"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = round(minutes / 60)
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 600 else f"{hours} h"


def count(value: int, what: str = "", plural: str = "") -> str:
    """ "1,204 images"; the plural is ``what`` + "s" unless given."""
    if not what:
        return f"{value:,}"
    return f"{value:,} {what if value == 1 else plural or what + 's'}"
