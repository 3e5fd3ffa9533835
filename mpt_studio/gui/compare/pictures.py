"""The charts of the page as files: PNG at twice the screen's resolution, SVG with text that stays text.

A card is painted as it is; the frontier is drawn anew in SVG, the part of the curves that is in view.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from mpt_studio import paths
from mpt_studio.compare import SUBSET_WORDS
from mpt_studio.errors import UserError
from mpt_studio.gui.charts import paper
from mpt_studio.gui.charts.curve_data import Line
from mpt_studio.gui.charts.frontier_curve import FUSION, WEIGHTS, Curve
from mpt_studio.gui.charts.frontier_plot import FrontierPlot
from mpt_studio.gui.widgets import theme
from mpt_studio.units import count

_NAMES = ("candidate", "plain training", WEIGHTS.words, FUSION.words)
_NONE = np.empty(0)


def write_charts(charts: Mapping[str, QWidget], frontier: FrontierPlot, folder: Path, kind: str) -> list[Path]:
    """Write each chart as "png" or "svg" into a folder, named by its title. Raises ``UserError`` or ``OSError``."""
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}.")
    written = []
    for title, chart in charts.items():
        path = folder / f"{file_name(title)}.{kind}"
        paths.write_bytes(path, _picture(chart, frontier, kind))
        written.append(path)
    return written


def file_name(title: str) -> str:
    """A title as a file's name: "NFR per class" → "nfr-per-class"."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or "chart"


def _picture(chart: QWidget, frontier: FrontierPlot, kind: str) -> bytes:
    if kind == "svg" and chart.isAncestorOf(frontier):
        return _frontier(frontier)
    return paper.picture(kind, chart.size(), lambda painter: chart.render(painter, QPoint()), sharp=2.0)


def _frontier(plot: FrontierPlot) -> bytes:
    first = plot.every_curve[0] if plot.every_curve else None
    of_all = f"{SUBSET_WORDS[first.subset]}, n={count(first.samples)}" if first else "all"
    of_old = f"old classes, n={count(first.samples_old_classes)}" if first else "old classes"
    frame = paper.Frame.of(plot.plot.getPlotItem(), f"Accuracy ({of_all}) in %", f"NFR ({of_old}) in %")
    return paper.chart("svg", frame, [_line(curve) for curve in plot.every_curve], _NAMES, _marks(plot))


def _line(curve: Curve) -> Line:
    name = curve.kind.words or _NAMES[int(curve.is_plain)]
    return Line(curve.key, curve.name, name, theme.version_color(curve.color), curve.x, curve.y, _NONE, _NONE)


def _marks(plot: FrontierPlot) -> list[paper.Mark]:
    """Discs at γ = 0 and at each version between, and a diamond at the point that was chosen."""
    marks = []
    for curve in plot.every_curve:
        color, zero = theme.version_color(curve.color), curve.at_zero
        every = list(zip(curve.x, curve.y, strict=True)) if curve.kind.symbol else []
        where = [(curve.x[zero], curve.y[zero])] if curve in plot.curves else every
        marks += [paper.Mark(float(x), float(y), color, 3.0 if every else 5.0) for x, y in where]
    if plot.diamond is not None:
        curve, x, y = plot.diamond
        marks.append(paper.Mark(x, y, theme.version_color(curve.color), 6.4, diamond=True))
    return marks
