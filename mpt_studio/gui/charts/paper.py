"""Charts on paper: one drawing, as PNG or as SVG whose text stays text.

A plot is drawn anew, with its title and legend, in plain coordinates that every viewer draws alike: neither
pyqtgraph's exporter (fails on closed paths) nor its own painting (relies on non-scaling strokes) gives that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF
from PySide6.QtSvg import QSvgGenerator

from mpt_studio.gui.charts.curve_data import Floats, Line
from mpt_studio.gui.charts.plot_legend import STYLES
from mpt_studio.gui.widgets import theme

SIZE = QSize(720, 440)
PLOT = QRectF(64, 44, 640, 352)
Tick = tuple[float, str]


@dataclass(frozen=True)
class Frame:
    """What a plot shows: ranges as (low, high) in the axes' own values, log10 of them where ``log``."""

    title: str
    x_label: str
    x: tuple[float, float]
    y: tuple[float, float]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    log: bool = False

    @classmethod
    def of(cls, item: Any, title: str, x_label: str, log: bool = False) -> Frame:
        """The part of a ``pyqtgraph.PlotItem`` that is in view."""
        x, y = ((float(low), float(high)) for low, high in item.getViewBox().viewRange())
        return cls(title, x_label, x, y, _ticks(item.getAxis("bottom"), *x), _ticks(item.getAxis("left"), *y), log)

    def place(self, x: float, y: float) -> QPointF:
        """Where on the paper the axes' own values are."""
        across, up = ((value - low) / ((high - low) or 1.0) for value, (low, high) in ((x, self.x), (y, self.y)))
        return QPointF(PLOT.left() + across * PLOT.width(), PLOT.bottom() - up * PLOT.height())

    def points(self, x: Floats, y: Floats) -> QPolygonF:
        """Where on the paper the values are."""
        shown = np.log10(y) if self.log else y
        return QPolygonF([self.place(*point) for point in zip(x.tolist(), shown.tolist(), strict=True)])


@dataclass(frozen=True)
class Mark:
    """A point that stands out: a disc, or a diamond."""

    x: float
    y: float
    color: str
    size: float
    """From the middle to its edge."""
    diamond: bool = False


def _ticks(axis: Any, low: float, high: float) -> list[Tick]:
    """The axis' own major ticks, with the next finer ones where there are few."""
    found: list[Tick] = []
    for spacing, values in axis.tickValues(low, high, 500)[:2]:
        texts = axis.tickStrings(list(values), 1.0, spacing)
        found += [(float(v), t) for v, t in zip(values, texts, strict=True) if t]
        if len(found) > 3:
            break
    return found


def chart(kind: str, frame: Frame, lines: Sequence[Line], names: Sequence[str], marks: Sequence[Mark] = ()) -> bytes:
    """A plot as a file, "png" or "svg"; ``names`` are the series in the order of their line styles."""

    def paint(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _text(painter, frame.title, QPointF(PLOT.left(), 20), size=15, bold=True)
        _axes(painter, frame)
        _legend(painter, lines, names)
        painter.setClipRect(PLOT)
        for line in lines:
            _band(painter, frame, line)
        for line in lines:
            _curve(painter, frame, line, _style(line.name, names))
        painter.setClipping(False)
        for mark in marks:
            _mark(painter, frame, mark)

    return picture(kind, SIZE, paint, sharp=2.5)


def picture(kind: str, size: QSize, paint: Callable[[QPainter], None], sharp: float) -> bytes:
    """What ``paint`` paints as a file, "png" or "svg"; a PNG has ``sharp`` times as many pixels."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image = QImage(size * sharp, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(sharp)
    device = _svg(buffer, size) if kind == "svg" else image
    painter = QPainter(device)
    painter.fillRect(QRect(QPoint(), size), QColor(theme.colors().panel))
    paint(painter)
    painter.end()
    if kind == "png":
        image.save(buffer, "PNG")  # type: ignore[call-overload]  # its stub says bytes and it takes text
    return bytes(buffer.data().data())


def _svg(buffer: QBuffer, size: QSize) -> QSvgGenerator:
    made = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)  # Tiny 1.2, the default, cannot clip
    made.setTitle("MPT Studio")
    made.setOutputDevice(buffer)
    made.setSize(size)
    made.setViewBox(QRect(QPoint(), size))
    made.setResolution(96)
    return made


def _text(painter: QPainter, text: str, at: QPointF, share: float = 0.0, size: int = 12, bold: bool = False) -> float:
    """Write with this share of the text left of the point on its base line; how wide it is."""
    font = QFont("sans-serif")
    font.setPixelSize(size)
    font.setBold(bold)
    painter.setFont(font)
    painter.setPen(QColor(theme.colors().text))
    width = QFontMetricsF(font).horizontalAdvance(text)
    painter.drawText(at - QPointF(share * width, 0), text)
    return width


def _axes(painter: QPainter, frame: Frame) -> None:
    faint, (left, bottom) = QColor(theme.colors().border), (frame.x[0], frame.y[0])
    for value, text in frame.y_ticks:
        at = frame.place(left, value)
        painter.setPen(QPen(faint, 0.5))
        painter.drawLine(at, frame.place(frame.x[1], value))
        _text(painter, text, at + QPointF(-8, 4), share=1.0)
    for value, text in frame.x_ticks:
        _text(painter, text, frame.place(value, bottom) + QPointF(0, 18), share=0.5)
    _text(painter, frame.x_label, QPointF(PLOT.center().x(), SIZE.height() - 8), share=0.5)
    painter.setPen(QPen(faint, 1))
    painter.drawPolyline([PLOT.topLeft(), PLOT.bottomLeft(), PLOT.bottomRight()])


def _legend(painter: QPainter, lines: Sequence[Line], names: Sequence[str]) -> None:
    """Colours of the runs, then the line styles, in one row under the title."""
    solid, text = Qt.PenStyle.SolidLine, theme.colors().text
    entries = [(label, color, solid) for label, color in dict.fromkeys((line.label, line.color) for line in lines)]
    shown = [name for name in names if any(line.name == name for line in lines)]
    if len(shown) > 1:
        entries += [(name.replace("_", " "), text, _style(name, names)) for name in shown]
    at = QPointF(PLOT.left(), 34)
    for label, color, style in entries:
        painter.setPen(QPen(QColor(color), 2, style, Qt.PenCapStyle.FlatCap))
        painter.drawLine(at, at + QPointF(20, 0))
        at += QPointF(42 + _text(painter, label, at + QPointF(25, 4), size=11), 0)


def _style(name: str, names: Sequence[str]) -> Qt.PenStyle:
    return STYLES[names.index(name) % len(STYLES)]


def _band(painter: QPainter, frame: Frame, line: Line) -> None:
    known = np.isfinite(line.low) & np.isfinite(line.high)
    if not known.any():
        return
    floor = 10.0 ** frame.y[0] if frame.log else -np.inf  # zero has no logarithm
    low, high = (np.maximum(edge[known], floor) for edge in (line.low, line.high))
    color = QColor(line.color)
    color.setAlphaF(0.15)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(
        frame.points(np.concatenate([line.x[known], line.x[known][::-1]]), np.concatenate([high, low[::-1]]))
    )


def _curve(painter: QPainter, frame: Frame, line: Line, style: Qt.PenStyle) -> None:
    color = QColor(line.color)
    color.setAlphaF(0.45 if line.faint else 1.0)
    painter.setPen(QPen(color, 1.3, style, Qt.PenCapStyle.FlatCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    known = np.isfinite(line.x) & np.isfinite(line.y) & (line.y > 0 if frame.log else True)
    for run in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known.astype(np.int8))) + 1):
        if len(run) and known[run[0]]:
            painter.drawPolyline(frame.points(line.x[run], line.y[run]))


def _mark(painter: QPainter, frame: Frame, mark: Mark) -> None:
    at, size = frame.place(mark.x, mark.y), mark.size
    if not PLOT.contains(at):
        return
    painter.setPen(QPen(QColor(theme.colors().text), 1.2))
    painter.setBrush(QColor(mark.color))
    if mark.diamond:
        painter.drawPolygon([at + QPointF(*to) for to in ((0, -size), (size, 0), (0, size), (-size, 0))])
    else:
        painter.drawEllipse(at, size, size)
