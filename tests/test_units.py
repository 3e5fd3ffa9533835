"""How numbers are written for people."""

from __future__ import annotations

import pytest

from mpt_studio.units import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, ""), (0.2, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_that_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
