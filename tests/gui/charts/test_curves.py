from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mpt_studio.events import Started
from mpt_studio.gui.charts.curve_data import PLOTS
from mpt_studio.gui.charts.curves import CurvesPanel
from mpt_studio.gui.widgets import theme

from .conftest import fill, items, step

pytestmark = pytest.mark.gui


def test_that_every_plot_is_there_and_says_that_it_is_empty(panel: CurvesPanel) -> None:
    assert list(panel.plots) == [spec.key for spec in PLOTS]
    panel.redraw()
    assert panel.plots["nfr"]._empty.isVisible()
    assert panel.plots["loss"]._empty.text()


def test_that_events_become_one_item_per_series_that_is_kept(panel: CurvesPanel) -> None:
    fill(panel)
    before = dict(items(panel, "loss"))
    panel.feed("a", [step(31)])
    panel.redraw()
    assert set(before) == {("a", "loss"), ("a", "cross_entropy")}
    assert dict(items(panel, "loss")) == before
    x, y = items(panel, "loss")["a", "loss"].curve.getOriginalDataset()
    assert (len(x), y[-1]) == (31, 2 / 31)
    assert not panel.plots["loss"]._empty.isVisible()


def test_that_redraws_happen_only_when_something_came_and_at_most_thirty_a_second(
    panel: CurvesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(panel)
    qtbot.waitUntil(lambda: not panel.redraws.is_busy)
    calls: list[float] = []
    plot = panel.plots["loss"]
    draw = plot.draw
    monkeypatch.setattr(plot, "draw", lambda lines: (calls.append(time.monotonic()), draw(lines)))
    qtbot.wait(200)
    assert calls == []
    begin = time.monotonic()
    number = 31
    while time.monotonic() - begin < 0.5:
        panel.feed("a", [step(number)])
        number += 1
        qtbot.wait(1)
    qtbot.wait(60)
    assert 1 <= len(calls) <= 30 * (time.monotonic() - begin) + 2


def test_that_the_x_axis_can_be_step_epoch_or_time(panel: CurvesPanel) -> None:
    fill(panel)
    ends = {}
    for index in range(panel.axis.count()):
        panel.axis.setCurrentIndex(index)
        panel.redraw()
        ends[panel.axis.currentData()] = items(panel, "loss")["a", "loss"].curve.getOriginalDataset()[0][-1]
    assert ends == {"epoch": 3.0, "step": 30.0, "time": 29.0}


def test_that_smoothing_smooths_the_loss_and_leaves_flips_alone(panel: CurvesPanel) -> None:
    fill(panel)
    panel.feed("a", [step(i, loss=float(i % 2)) for i in range(31, 200)])
    panel.smoothing.setValue(95)
    panel.redraw()
    smoothed = items(panel, "loss")["a", "loss"].curve.getOriginalDataset()[1]
    assert np.ptp(smoothed[-10:]) < 0.2
    assert items(panel, "nfr")["a", "old classes"].curve.getOriginalDataset()[1].tolist() == [8.0, 8.0, 8.0]


def test_that_zoom_is_shared_and_kept_until_fit(panel: CurvesPanel) -> None:
    fill(panel)
    box = panel.plots["loss"].plot.getPlotItem().getViewBox()
    box.setXRange(1.0, 2.0, padding=0)
    box.sigRangeChangedManually.emit([True, False])
    panel.feed("a", [step(40)])
    panel.redraw()
    assert panel.plots["nfr"].plot.getPlotItem().getViewBox().viewRange()[0] == pytest.approx([1.0, 2.0])
    panel.fit()
    panel.redraw()
    assert panel.plots["nfr"].plot.getPlotItem().getViewBox().viewRange()[0][1] > 3.9


def test_that_one_plot_can_be_enlarged_and_shrunk(panel: CurvesPanel) -> None:
    panel.plots["nfr"].enlarge_asked.emit()
    assert [key for key, plot in panel.plots.items() if plot.isVisible()] == ["nfr"]
    panel.plots["nfr"].enlarge_asked.emit()
    assert all(plot.isVisible() for plot in panel.plots.values())


def test_that_plots_can_be_switched_off(panel: CurvesPanel) -> None:
    panel.plot_actions["speed"].setChecked(False)
    assert not panel.plots["speed"].isVisible()


def test_that_an_overlay_stays_when_a_new_update_begins_and_can_be_removed(panel: CurvesPanel) -> None:
    fill(panel, "a")
    panel.add_run("before", "Earlier", 3, overlay=True)
    panel.feed("before", [step(1), step(2)])
    panel.clear()
    assert panel.run_ids == ["before"]
    panel.remove_run("before")
    assert panel.run_ids == []


def test_that_colours_follow_the_scheme(panel: CurvesPanel) -> None:
    fill(panel, color=1)
    try:
        theme.set_scheme("dark")
        panel.redraw()
        pen = items(panel, "loss")["a", "loss"].curve.opts["pen"]
        assert pen.color().name() == theme.DARK.candidates[1]
        assert panel.plots["loss"].plot.backgroundBrush().color().name() == theme.DARK.panel
    finally:
        theme.set_scheme("light")
        theme.set_scheme("system")


def test_that_pictures_and_tables_are_written(panel: CurvesPanel, tmp_path: Path) -> None:
    fill(panel)
    plot = panel.plots["loss"]
    panel.export(tmp_path / "a.png", plot, "png")
    panel.export(tmp_path / "a.svg", plot, "svg")
    panel.export(tmp_path / "a.csv", plot, "csv")
    panel.export(tmp_path / "all.csv", None, "csv")
    assert QImage(str(tmp_path / "a.png")).width() >= 1600
    assert "<svg" in (tmp_path / "a.svg").read_text()
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert len(rows) == 60
    assert {row["plot"] for row in csv.DictReader((tmp_path / "all.csv").open())} == {spec.key for spec in PLOTS}


def test_that_an_export_that_cannot_be_written_is_a_sentence(
    panel: CurvesPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(panel)
    sentences: list[str] = []
    panel.failed.connect(sentences.append)
    for kind in ("png", "svg", "csv"):
        where = str(tmp_path / "missing" / f"a.{kind}")
        monkeypatch.setattr("mpt_studio.gui.charts.curves.QFileDialog.getSaveFileName", lambda *_, w=where: (w, ""))
        panel.ask_export(panel.plots["loss"], kind)
    assert len(sentences) == 3
    assert all("could not be written" in sentence for sentence in sentences)


def test_that_a_resumed_run_is_drawn_once(panel: CurvesPanel) -> None:
    fill(panel)
    resumed = Started(
        time=99.0, device="cpu", epochs=3, steps=30, step=20, train_samples=1, validation_samples=1, parameters=1
    )
    panel.feed("a", [resumed, *[step(i) for i in range(21, 31)]])
    panel.redraw()
    x = items(panel, "loss")["a", "loss"].curve.getOriginalDataset()[0]
    assert len(x) == 30
    assert np.all(np.diff(x) > 0)


def test_that_a_million_points_stay_fluent(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.add_run("a", "Long", 0)
    table_source = panel._runs["a"].curves
    table_source.add(step(1))
    x = np.arange(1_000_000.0)
    for table in table_source.series.values():
        table._buffer = np.stack([x, x / 1000, x, np.random.default_rng(0).random(len(x)), x * np.nan, x * np.nan])
        table._length = len(x)
    panel.smoothing.setValue(50)
    panel.redraw()
    begin = time.thread_time()
    for _ in range(3):
        panel._settings_changed()
        panel.redraw()
        panel.plots["loss"].plot.viewport().repaint()
    assert (time.thread_time() - begin) / 3 < 1.5  # four series of a million points, all made anew


def test_that_escape_shows_all_plots_again(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.enlarge("nfr")
    assert not panel.plots["loss"].isVisible()
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.plots["loss"].isVisible()


def test_that_nothing_of_a_cleared_run_is_left_though_the_panel_is_hidden(panel: CurvesPanel) -> None:
    fill(panel)
    assert items(panel, "loss")
    panel.hide()
    panel.clear()
    assert items(panel, "loss") == {}
