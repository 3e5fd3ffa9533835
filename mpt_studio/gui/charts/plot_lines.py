"""What is drawn in a plot: lines with bands, an axis that can show time, a canvas that leaves the wheel to the page."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QWheelEvent

from mpt_studio.gui.charts.curve_data import Line

pg.setConfigOptions(antialias=False, useOpenGL=False)

_FEW_POINTS = 60
"""Series with at most this many points show each of them."""


class Canvas(pg.PlotWidget):
    """A plot that leaves the plain wheel to the page around it; Ctrl+wheel zooms."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()


class XAxis(pg.AxisItem):
    as_time = is_counted = False

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.as_time:
            return [clock(value * scale) for value in values]
        if self.is_counted:  # there is no half a trial
            return [f"{value:g}" if float(value).is_integer() else "" for value in values]
        strings: list[str] = super().tickStrings(values, scale, spacing)
        return strings


def clock(seconds: float) -> str:
    """Seconds as "0:07", "12:30" or "1:02:03"."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class LineItem:
    """A curve and its band in a plot."""

    def __init__(self, plot: pg.PlotWidget) -> None:
        self.curve = pg.PlotDataItem(connect="auto")
        plot.addItem(self.curve)
        self._edges: tuple[pg.PlotDataItem, pg.PlotDataItem] | None = None
        self._fill: pg.FillBetweenItem | None = None
        self._plot = plot
        self._look: tuple[object, ...] = ()
        self._drawn: tuple[Line, bool] | None = None

    def update(self, line: Line, style: Qt.PenStyle, log: bool) -> None:
        if self._drawn is not None and self._drawn[0] is line and self._drawn[1] == log:
            return
        self._drawn = (line, log)
        few = len(line.x) <= (_FEW_POINTS if line.markers else 2)
        look = (line.color, style, few, line.faint)
        if look != self._look:
            self._look = look
            self._restyle(line, style, few)
        self.curve.setData(line.x, line.y)
        if np.isfinite(line.low).any():
            self._draw_band(line, log)

    def _restyle(self, line: Line, style: Qt.PenStyle, few: bool) -> None:
        color = QColor(line.color)
        color.setAlpha(110 if line.faint else 255)
        self.curve.setPen(pg.mkPen(color, width=1, style=style))
        self.curve.setSymbol("o" if few else None)
        self.curve.setSymbolSize(4)
        self.curve.setSymbolPen(None)
        self.curve.setSymbolBrush(pg.mkBrush(color))
        self.curve.setZValue(5 if line.faint else 10)
        if self._fill is not None:
            self._fill.setBrush(_transparent(line.color))

    def _draw_band(self, line: Line, log: bool) -> None:
        if self._edges is None:
            unseen = pg.mkPen((0, 0, 0, 0))  # without any pen there would be no path to fill between
            self._edges = (pg.PlotDataItem(pen=unseen), pg.PlotDataItem(pen=unseen))
            for edge in self._edges:
                self._plot.addItem(edge)
                edge.setClipToView(False)  # the fill does not follow when only the clipping changes
                edge.setDownsampling(auto=False)
            self._fill = pg.FillBetweenItem(*self._edges, brush=_transparent(line.color))
            self._fill.setZValue(1)
            self._plot.addItem(self._fill)
        floor = (
            max(1e-3, float(np.nanmin(np.where(line.y > 0, line.y, np.nan), initial=np.inf)) / 10) if log else -np.inf
        )
        for edge, values in zip(self._edges, (line.low, line.high), strict=True):
            edge.setData(line.x, np.maximum(values, floor) if np.isfinite(floor) else values)

    def remove(self, plot: pg.PlotWidget) -> None:
        for item in (self.curve, self._fill, *(self._edges or ())):
            if item is not None:
                plot.removeItem(item)


def _transparent(color: str) -> QColor:
    made = QColor(color)
    made.setAlpha(40)
    return made
