"""The plot of a search."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from mpt_studio.gui.charts.search_plot import MOST_POINTS, SearchPicture, SearchPlot, joined
from mpt_studio.gui.widgets import theme

from ..conftest import seen

pytestmark = pytest.mark.gui


def picture(trials: int = 3, floor: float | None = 79.0) -> SearchPicture:
    x, y = np.linspace(10, 4, trials), np.linspace(80, 81, trials)
    return SearchPicture(
        numbers=list(range(trials)),
        x=x,
        y=y,
        feasible=np.ones(trials, bool),
        sentences=[f"Trial {number}." for number in range(trials)],
        frontiers=[np.stack([x, y], axis=1)] * (trials - 1),
        plain=np.array([[10.0, 80.0], [14.0, 82.0]]),
        envelope=np.array([[4.0, 81.0], [14.0, 82.0]]),
        floor=floor,
        best=trials - 1,
    )


@pytest.fixture
def plot(qtbot: QtBot) -> SearchPlot:
    made = seen(qtbot, SearchPlot(), 600, 420)
    made.draw(picture())
    return made


def scene(plot: SearchPlot, x: float, y: float) -> QPointF:
    return plot.canvas.getViewBox().mapViewToScene(QPointF(x, y))


def test_that_the_pointer_reads_out_the_nearest_trial(plot: SearchPlot) -> None:
    plot._hover(scene(plot, 4.05, 81.0))
    assert plot.readout.text() == "Trial 2."
    plot._hover(scene(plot, 0.0, 79.0))
    assert plot.readout.text().startswith("Up and left is better")


def test_that_the_region_within_the_limits_begins_at_the_floor(plot: SearchPlot) -> None:
    assert plot.region.getRegion()[0] == 79.0
    plot.draw(picture(floor=None))
    assert not plot.region.isVisible()


def test_that_a_zoom_stays_while_trials_come(plot: SearchPlot) -> None:
    plot.canvas.setXRange(3, 5, padding=0)
    plot._zoomed()
    plot.draw(picture(5))
    assert plot.canvas.viewRange()[0] == [3, 5]
    plot.fit()
    assert plot.canvas.viewRange()[0][1] > 10


def test_that_the_number_of_items_and_points_is_bounded(plot: SearchPlot) -> None:
    before = len(plot.canvas.items())
    plot.draw(picture(500))
    assert len(plot.canvas.items()) == before
    many = [np.random.default_rng(0).random((120, 2))] * 500
    assert len(joined(many)[0]) < 2 * MOST_POINTS
    assert joined([])[0].shape == (1,)


def test_that_both_schemes_are_drawn(plot: SearchPlot) -> None:
    chosen = theme.scheme()
    theme.set_scheme("dark")
    assert plot.canvas.backgroundBrush().color().name() == theme.DARK.panel
    theme.set_scheme(chosen)
