"""A report can be sent and opened at any size of data."""

from __future__ import annotations

import pytest

from .report_scale import sizes


@pytest.mark.parametrize("samples", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_that_a_report_of_a_thousand_classes_stays_small(samples: int) -> None:
    found = sizes(samples, 1_000)
    assert found["page"] < 10_000_000
    assert found["markdown"] < 1_000_000
    assert 0 < found["images"] <= 200
