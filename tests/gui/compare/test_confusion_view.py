from __future__ import annotations

import pytest

from mpt_studio.gui.compare.confusion_view import short

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    ("value", "text", "change"),
    [
        (0, "0", "+0"),
        (812, "812", "+812"),
        (-7, "−7", "−7"),
        (1_234, "1.2k", "+1.2k"),
        (9_960, "10k", "+10k"),
        (398_890, "399k", "+399k"),
        (-12_400, "−12k", "−12k"),
        (999_600, "1.0M", "+1.0M"),
        (23_000_000, "23M", "+23M"),
    ],
)
def test_that_counts_are_short_enough_for_a_cell(value: int, text: str, change: str) -> None:
    assert short(value) == text
    assert short(value, plus=True) == change
