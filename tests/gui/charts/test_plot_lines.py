from __future__ import annotations

import pytest

from mpt_studio.gui.charts.curves import CurvesPanel
from mpt_studio.gui.charts.plot_lines import clock

from .conftest import fill, items

pytestmark = pytest.mark.gui


def test_that_nfr_has_a_band(panel: CurvesPanel) -> None:
    fill(panel)
    item = items(panel, "nfr")["a", "old classes"]
    assert item._fill is not None
    assert item._fill.boundingRect().height() > 1


def test_that_seconds_read_as_a_clock() -> None:
    assert [clock(s) for s in (7, 750, 3723)] == ["0:07", "12:30", "1:02:03"]
