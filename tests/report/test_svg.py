from __future__ import annotations

import pytest

from mpt_studio.report.svg import Scale, element, scale_of, ticks


def test_that_text_and_attributes_are_escaped_and_elements_are_not() -> None:
    inner = element("text", "<b>&\x00", x=1.0)
    made = element("g", inner, aria_label='"><script>', class_="a")
    assert made == '<g aria-label="&#34;&gt;&lt;script&gt;" class="a"><text x="1">&lt;b&gt;&amp;</text></g>'


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.1234, 0.1235), (-0.02, 0.4), (0.0, 1e-6)])
def test_that_ticks_are_few_round_numbers_within_the_scale(low: float, high: float) -> None:
    found = ticks(Scale(low, high, 0, 100))
    assert 1 <= len(found) <= 6
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in found)


def test_that_a_single_value_has_an_axis_too() -> None:
    scale = scale_of([0.5], 0, 100)
    assert scale(0.5) == pytest.approx(50)
