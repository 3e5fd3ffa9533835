from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.compare import fusion
from mpt_studio.gui.charts.frontier_curve import FUSION, Curve
from mpt_studio.gui.charts.frontier_plot import FrontierPlot
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from ..compare.conftest import opened

pytestmark = pytest.mark.gui


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    return opened(qtbot, workspace)


def test_that_hovering_the_frontier_reads_gamma_and_both_numbers(page: ComparePage) -> None:
    from PySide6.QtCore import QPointF

    plain = page.frontier.curves[0]
    zero = plain.at_zero
    where = page.frontier.plot.getViewBox().mapViewToScene(QPointF(plain.x[zero], plain.y[zero]))
    page.frontier._hover(where)
    assert page.frontier.readout.text() == (
        "plain at γ = 0.00: accuracy (all, n=10) 40.0 %, NFR (old classes, n=8) 50.0 %. Click to see these flips."
    )


def test_that_the_legend_is_the_frontiers_keyboard(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    entry = page.frontier.legend.findChildren(QToolButton)[1]
    assert entry.accessibleName() == "MPT_KL at γ = 0.00: accuracy (all, n=10) 60.0 %, NFR (old classes, n=8) 25.0 %"
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.keyClick(entry, Qt.Key.Key_Space)
    assert workspace.current is workspace.version("mpt")
    assert sorted(workspace.rows) == [2, 6]


@pytest.mark.parametrize("width", [300, 420, 700])
def test_that_a_legend_of_several_lines_covers_nothing(page: ComparePage, qtbot: QtBot, width: int) -> None:
    curves, current, _ = page.frontier.given
    named = [replace(curve, name=f"{curve.name} of a long name") for curve in curves]
    plot = FrontierPlot()
    qtbot.addWidget(plot)
    plot.resize(width, 10)
    plot.show_curves([*named, *named], current)
    with qtbot.waitExposed(plot):
        plot.show()
    qtbot.waitUntil(lambda: plot.height() >= plot.minimumHeight() > 0)
    parts = [plot.legend.geometry(), plot.plot.geometry(), plot.readout.geometry()]
    assert all(above.bottom() < below.top() for above, below in itertools.pairwise(parts))
    assert parts[1].height() >= 220
    assert parts[0].height() >= plot.legend.heightForWidth(width)


def test_that_versions_with_the_same_classes_have_a_frontier_of_one_point(qtbot: QtBot, workspace: Workspace) -> None:
    old = workspace.old
    assert old is not None
    assert old.predictions is not None
    turned = replace(old.predictions, logits=old.predictions.logits[:, ::-1].copy(), version="turned")
    workspace.add_version(type(old)("turned", "turned", "candidate", predictions=turned))
    workspace.set_current("turned")
    page = opened(qtbot, workspace)
    qtbot.waitUntil(lambda: bool(page.frontier.curves))
    assert len(page.frontier.curves[-1].offset) == 1
    assert not page.grab().isNull()


def test_that_the_frontier_trades_the_accuracy_of_new_classes_as_well(page: ComparePage, workspace: Workspace) -> None:
    plot = page.frontier
    assert plot.choice.isVisible()
    all_of_plain = plot.curves[0].y[plot.curves[0].at_zero]
    assert all_of_plain == pytest.approx(40.0)
    plot.choice.setCurrentIndex(1)
    curve = plot.curves[0]
    assert (curve.subset, curve.samples) == ("new_classes", 2)
    assert curve.y[curve.at_zero] == pytest.approx(50.0)  # fox: one of two
    assert "accuracy (new classes, n=2) 50.0 %" in curve.sentence(curve.at_zero)
    assert plot.plot.getAxis("left").labelText == "accuracy, new classes (%)"
    (left, right), (low, high) = plot.plot.getPlotItem().getViewBox().viewRange()
    for each in plot.curves:  # the marks are in view
        assert left <= each.x[each.at_zero] <= right
        assert low <= each.y[each.at_zero] <= high
    workspace.set_offset(5.0)
    assert plot.under is not None
    assert plot.under[3] == 0.0  # under so large an offset nothing is called a fox
    plot.choice.setCurrentIndex(0)
    assert plot.under is not None
    comparison = workspace.comparison()
    assert comparison is not None
    assert plot.under[3] == pytest.approx(100 * (comparison.rates("all").accuracy_new or 0))


@pytest.mark.parametrize("subset", [0, 1])
def test_that_the_mark_of_every_candidate_as_trained_is_inside_the_axes(qtbot: QtBot, subset: int) -> None:
    """One may be far below the others as trained, as a candidate with a large margin is."""
    gamma = np.linspace(-3, 3, 61)
    good = Curve("a", "good", 0, True, gamma, 10 - gamma, 55 - gamma**2, 100, 50, new_classes=(50 + gamma, 50))
    low = Curve(
        "b", "low", 1, False, gamma, 5 - gamma, 48 - (gamma - 2.9) ** 2 * 3, 100, 50, new_classes=(9 + gamma, 50)
    )
    plot = FrontierPlot()
    qtbot.addWidget(plot)
    plot.show_curves([good, low], "a")
    plot.choice.setCurrentIndex(subset)
    (left, right), (bottom, top) = plot.plot.getViewBox().viewRange()
    for curve in plot.curves:
        assert left < curve.x[curve.at_zero] < right
        assert bottom < curve.y[curve.at_zero] < top


def fusion_of(page: ComparePage) -> Curve:
    (found,) = (curve for curve in page.frontier.every_curve if curve.kind is FUSION)
    return found


def test_that_the_fusion_of_both_models_is_a_curve_beside_and_says_that_both_must_be_served(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: any(curve.kind is FUSION for curve in page.frontier.every_curve))
    comparison, curve = workspace.comparison(), fusion_of(page)
    assert comparison is not None
    expected = fusion(comparison)
    assert curve.x.tolist() == (100 * expected.nfr_old_classes).tolist()
    assert curve.y.tolist() == (100 * expected.accuracy_all).tolist()
    words = [entry.text() for entry in page.frontier.legend.findChildren(QToolButton) if entry.isVisible()]
    assert sum("fusion (serve both)" in text for text in words) == 1


def test_that_a_point_of_the_fusion_stays_in_the_readout_until_the_offset_moves(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: any(curve.kind is FUSION for curve in page.frontier.every_curve))
    plot, curve = page.frontier, fusion_of(page)
    plot._choose(curve, 40)
    assert plot.readout.text() == f"{curve.sentence(40)}. The diamond. Both models must be served for it."
    assert "at w = 0.40: accuracy (all, n=10)" in plot.readout.text()
    assert plot.diamond is not None
    assert plot.diamond[1:] == (curve.x[40], curve.y[40])
    page.refresh()
    assert plot.diamond[1:] == (curve.x[40], curve.y[40])
    workspace.set_offset(1.0)
    assert "γ = 1.00" in plot.readout.text()
