from __future__ import annotations

import sys

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from mpt_studio.gui.charts.curve_data import Line, PlotSpec
from mpt_studio.gui.charts.curves import CurvesPanel
from mpt_studio.gui.charts.plots import CurvePlot

from .conftest import NONE, fill

pytestmark = pytest.mark.gui


def test_that_a_logarithmic_axis_shows_the_logarithm(panel: CurvesPanel) -> None:
    fill(panel)
    panel.log.setChecked(True)
    panel.redraw()
    low, high = panel.plots["loss"].plot.getPlotItem().getViewBox().viewRange()[1]
    assert low < -1.0 < 0.2 < high < 1.0
    panel.log.setChecked(False)


def test_that_the_read_out_tells_the_values_under_the_pointer(panel: CurvesPanel, qtbot: QtBot) -> None:
    fill(panel, label="MPT <b>")
    plot = panel.plots["nfr"]
    box = plot.plot.getPlotItem().getViewBox()

    def told() -> bool:
        plot._mouse_moved(box.mapViewToScene(QPointF(2.1, 8.0)))
        return plot._readout.isVisible()

    qtbot.waitUntil(told)  # plots are drawn one by one, and ranges settle with the next paint
    text = plot._readout.text()
    assert "<b>8</b> %" in text
    assert "MPT &lt;b&gt;" in text
    assert panel.plots["loss"]._cursor.isVisible()
    assert not panel.plots["loss"]._readout.isVisible()
    plot.hovered.emit(None)
    assert not plot._readout.isVisible()


def test_that_hundreds_of_plot_updates_lose_no_reference_to_none(qtbot: QtBot) -> None:
    """A broken pair of PySide6 and Python loses one per call and aborts; see the pins in pyproject.toml."""
    plot = CurvePlot(PlotSpec("loss", "Loss"))
    qtbot.addWidget(plot)
    plot.resize(220, 150)
    with qtbot.waitExposed(plot):
        plot.show()
    x = np.arange(50.0)
    before = sys.getrefcount(None)
    for i in range(300):
        plot.draw([Line("a", "A", "loss", "#2f74d0", x, np.sin(x / 50 + i), NONE, NONE)])
        plot.plot.viewport().repaint()
    assert sys.getrefcount(None) - before > -10


def test_that_rates_say_over_how_many_samples(panel: CurvesPanel) -> None:
    fill(panel)
    panel.redraw()
    assert panel.plots["nfr"].basis.text() == "%, n = 100"
    assert all("n = 100" in row for row in panel.plots["nfr"]._rows_at(1.0))
    assert panel.plots["learning_rate"].basis.text() == ""
