from __future__ import annotations

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.charts.curves import CurvesPanel
from mpt_studio.gui.widgets import theme

from .conftest import fill, items

pytestmark = pytest.mark.gui


def test_that_a_run_can_be_hidden_and_shown_by_its_chip(panel: CurvesPanel, qtbot: QtBot) -> None:
    fill(panel, "a", "One", 0)
    fill(panel, "b", "Two", 1)
    qtbot.wait(50)
    chips = {chip.text(): chip for chip in panel._legend.findChildren(type(panel.log)) if chip.isVisible()}
    chips["One"].click()
    panel.redraw()
    assert {run for run, _ in items(panel, "loss")} == {"b"}
    chips["One"].click()
    panel.redraw()
    assert {run for run, _ in items(panel, "loss")} == {"a", "b"}


def test_that_a_series_can_be_hidden_by_its_style(panel: CurvesPanel) -> None:
    fill(panel)
    panel.plots["loss"]._toggle_style("cross_entropy", False)
    assert set(items(panel, "loss")) == {("a", "loss")}
    assert ("a", "training") not in items(panel, "accuracy")  # off until asked for


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_a_run_s_swatch_can_be_seen_on_its_chip(panel: CurvesPanel, scheme: theme.Scheme, qtbot: QtBot) -> None:
    theme.set_scheme(scheme)
    for color in range(-1, 4):
        panel.add_run(str(color), f"Run {color}", color)
    qtbot.wait(50)
    chips = [chip for chip in panel._legend.findChildren(QToolButton) if chip.isVisible()]
    for chip in chips:
        swatch = chip.icon().pixmap(12).toImage().pixelColor(6, 6)
        back = chip.grab().toImage().pixelColor(chip.width() - 5, chip.height() // 2)
        assert abs(swatch.lightness() - back.lightness()) > 40
    theme.set_scheme("light")
    assert len(chips) == 5
