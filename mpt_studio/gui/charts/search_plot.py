"""A search over NFR × accuracy: each trial's frontier and point, the envelope, and plain training as the line to beat.

However many trials there are, they are a fixed number of items with a bounded number of points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mpt_studio.gui.charts.trade_canvas import NEAR, TradeCanvas
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, empty
from mpt_studio.gui.widgets.plain import label

Floats = npt.NDArray[np.float64]
MOST_POINTS = 8_000
"""Of all frontiers together; of more, every second, third … point is drawn."""
_BELOW = 8.0
"""Points of accuracy below the limit that are on show at first: what lags further is found by zooming out."""
_LEAST = 150
"""Pixels of the plot: with a legend of two lines it still fits a small screen."""
_HINT = (
    "Up and left is better. Point: a trial at its best γ and α; thin line: what it gives at any γ. Click to compare."
)
_EMPTY = "The first point comes when plain training is there: it sets the limits."


@dataclass(frozen=True, eq=False)
class SearchPicture:
    """What is drawn, in percent; the arrays of points are (N,), those of lines (N, 2) with NFR first."""

    numbers: Sequence[int] = ()
    """Of the trials that have a point; 0 is plain training."""
    x: Floats = field(default_factory=lambda: np.empty(0))
    y: Floats = field(default_factory=lambda: np.empty(0))
    feasible: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    sentences: Sequence[str] = ()
    frontiers: Sequence[Floats] = ()
    plain: Floats = field(default_factory=lambda: np.empty((0, 2)))
    envelope: Floats = field(default_factory=lambda: np.empty((0, 2)))
    floor: float | None = None
    """The accuracy that the limits ask for."""
    best: int | None = None


class SearchPlot(QWidget):
    """``chosen`` carries the number of a trial that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = SearchPicture()
        self._picked: int | None = None
        self._is_zoomed = False
        self.selected: int | None = None
        self.canvas = TradeCanvas("Accuracy against NFR of every trial")
        self.canvas.setLabel("left", "accuracy, all (%)")
        self.canvas.setMinimumHeight(_LEAST)
        self._make_items()
        self.legend = QWidget()
        self._legend = FlowLayout(self.legend, spacing=10)
        self.readout = label(_EMPTY, wrap=True, muted=True)
        self.readout.setFixedHeight(2 * self.fontMetrics().lineSpacing() + 2)  # nothing moves under the pointer
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = bare(QVBoxLayout(self), spacing=4)
        for widget in (self.legend, self.canvas, self.readout):
            layout.addWidget(widget, 1 if widget is self.canvas else 0)
        self.canvas.scene().sigMouseMoved.connect(self._hover)
        self.canvas.scene().sigMouseClicked.connect(self._click)
        self.canvas.getViewBox().sigRangeChangedManually.connect(self._zoomed)
        theme.notifier().changed.connect(self._recolor)
        self._recolor()

    def _make_items(self) -> None:
        self.region = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self.region.hide()
        self.thin, self.plain, self.envelope = (pg.PlotCurveItem() for _ in range(3))
        self.envelope.setZValue(4)
        self.plain.setZValue(3)
        self.points = pg.ScatterPlotItem(pxMode=True, useCache=True)
        self.mark = pg.ScatterPlotItem(pxMode=True, useCache=False)
        for item, z in ((self.region, 0), (self.thin, 1), (self.plain, 3), (self.envelope, 4)):
            item.setZValue(z)
        for item, z in ((self.points, 10), (self.mark, 12), (self.canvas.ring, 20)):
            item.setZValue(z)
        for item in (self.region, self.thin, self.plain, self.envelope, self.points, self.mark, self.canvas.ring):
            self.canvas.addItem(item, ignoreBounds=True)

    # ---- drawing -----------------------------------------------------------------------------------------------

    def draw(self, picture: SearchPicture) -> None:
        """Show this; the user's zoom stays."""
        self.picture = picture
        self._draw()
        if not self._is_zoomed:
            self.fit()
        self._say()

    def _draw(self) -> None:
        picture = self.picture
        x, y = joined(picture.frontiers)
        self.thin.setData(x, y, connect="finite")
        self.plain.setData(picture.plain[:, 0], picture.plain[:, 1])
        self.envelope.setData(picture.envelope[:, 0], picture.envelope[:, 1])
        for side in ("bottom", "left"):
            self.canvas.getAxis(side).setStyle(showValues=bool(len(picture.numbers)))
        self.region.setVisible(picture.floor is not None)
        if picture.floor is not None:
            self.region.setRegion((picture.floor, picture.floor + 200))
        self._draw_points()

    def _draw_points(self) -> None:
        colors, hue = theme.colors(), QColor(theme.candidate(1))
        faint, plain, picture = QColor(colors.muted), QColor(theme.version_color(0)), self.picture
        brushes = [
            plain if number == 0 else hue if is_in else QColor(colors.panel)
            for number, is_in in zip(picture.numbers, picture.feasible, strict=True)
        ]
        pens = [
            colors.panel if brush is not None and is_in else faint
            for brush, is_in in zip(brushes, picture.feasible, strict=True)
        ]
        self.points.setData(
            picture.x,
            picture.y,
            size=[12 if number == 0 else 10 for number in picture.numbers],
            symbol=["s" if number == 0 else "o" for number in picture.numbers],
            brush=[pg.mkBrush(brush) for brush in brushes],
            pen=[pg.mkPen(pen, width=1.5) for pen in pens],
        )
        self._draw_marks()

    def _draw_marks(self) -> None:
        """The best so far as a star, and a ring around the one that is selected in the table."""
        colors, spots = theme.colors(), []
        for number, symbol, size, brush in (
            (self.picture.best, "star", 20, colors.right),
            (self.selected, "o", 18, None),
        ):
            if number is not None and number in self.picture.numbers:
                i = list(self.picture.numbers).index(number)
                pen = pg.mkPen(colors.panel if brush else colors.text, width=1.2 if brush else 2)
                at = (self.picture.x[i], self.picture.y[i])
                spots.append({"pos": at, "symbol": symbol, "size": size, "brush": pg.mkBrush(brush), "pen": pen})
        self.mark.setData(spots)

    def select(self, number: int | None) -> None:
        """Ring a trial."""
        if number != self.selected:
            self.selected = number
            self._draw_marks()
            self._say()

    def _recolor(self) -> None:
        colors = theme.colors()
        self.canvas.recolor()
        self.region.setBrush(pg.mkBrush(theme.wash(colors.right)))
        for line in self.region.lines:
            line.setPen(pg.mkPen(colors.right, width=1, style=Qt.PenStyle.DashLine))
        self.thin.setPen(pg.mkPen(theme.blend(colors.panel, theme.candidate(1), 0.45), width=1))
        self.plain.setPen(pg.mkPen(theme.version_color(0), width=2, style=Qt.PenStyle.DashLine))
        self.envelope.setPen(pg.mkPen(colors.text, width=2))
        self._draw_points()
        self._fill_legend()

    def _fill_legend(self) -> None:
        empty(self._legend)
        colors = theme.colors()
        for text, color in (
            ("■╌ plain training and γ: the line to beat", theme.version_color(0)),
            ("● trial within the limits", theme.candidate(1)),
            ("○ trial that misses them", colors.muted),
            ("━ best of all trials", colors.text),
            ("★ best so far; in the end over seeds", colors.right),
            ("▨ the limits are met", colors.right),
        ):
            entry = label(text, size=0.92)
            entry.setStyleSheet(f"color: {color};")
            self._legend.addWidget(entry)
            entry.show()

    def fit(self) -> None:
        """Everything that is not far below the limits."""
        picture = self.picture
        self._is_zoomed = False
        if not len(picture.numbers):
            return
        floor = picture.floor if picture.floor is not None else float(picture.y.min())
        near = picture.y >= floor - _BELOW
        at = [picture.plain, picture.envelope, np.stack([picture.x[near], picture.y[near]], axis=1)]
        shown = np.concatenate([each[each[:, 1] >= floor - _BELOW] for each in at])
        low, high = min(floor, float(shown[:, 1].min())), float(shown[:, 1].max())
        room = max(0.3, 0.06 * (high - low))
        self.canvas.setXRange(0, max(1.0, float(shown[:, 0].max()) * 1.08), padding=0.02)
        self.canvas.setYRange(low - room, high + room, padding=0.02)

    def _zoomed(self, *_: object) -> None:
        self._is_zoomed = True

    # ---- pointer -----------------------------------------------------------------------------------------------

    def _nearest(self, where: QPointF) -> int | None:
        """Place in the picture of the trial whose point is nearest, within ``NEAR`` pixels."""
        far = self.canvas.distances(where, self.picture.x, self.picture.y) if len(self.picture.numbers) else None
        return None if far is None or far.min() > NEAR else int(far.argmin())

    def _hover(self, where: QPointF) -> None:
        self._picked = self._nearest(where)
        at = self._picked
        self.canvas.point_at(*((None,) if at is None else (self.picture.x[at], self.picture.y[at])))
        self._say()

    def _say(self) -> None:
        picture, at = self.picture, self._picked
        if at is None and self.selected in picture.numbers:
            at = list(picture.numbers).index(self.selected)  # type: ignore[arg-type]
        known = at is not None and at < len(picture.sentences)
        self.readout.setText(picture.sentences[at] if known else _HINT if picture.numbers else _EMPTY)  # type: ignore[index]

    def _click(self, event: Any) -> None:
        at = self._nearest(event.scenePos())
        if at is not None and event.button() == Qt.MouseButton.LeftButton and not event.double():
            self.chosen.emit(self.picture.numbers[at])
        elif event.double():
            self.fit()


def joined(lines: Sequence[Floats]) -> tuple[Floats, Floats]:
    """All lines as one, with gaps; thinned where they are many."""
    step = max(1, -(-sum(map(len, lines)) // MOST_POINTS))
    gap = np.full((1, 2), np.nan)
    parts = [part for line in lines for part in (line[::step], gap)]
    found = np.concatenate(parts) if parts else gap
    return found[:, 0], found[:, 1]
