"""Points on a plane, drawn as one image: 100,000 take a few milliseconds. Wheel zooms, drag encircles, Shift+drag pans.

Letters: N points, K pixels of a glyph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QIcon,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygon,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from mpt_studio.flips import FlipKind
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import kind_color

Points = npt.NDArray[np.float32]
Column = npt.NDArray[np.float32]
Places = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Shape = Literal["dot", "cross", "triangle", "square"]
SHAPES: dict[FlipKind, Shape] = {
    FlipKind.BOTH_RIGHT: "dot",
    FlipKind.BOTH_WRONG: "square",
    FlipKind.POSITIVE: "triangle",
    FlipKind.NEGATIVE: "cross",
}
"""In drawing order: what matters most lies on top."""
_STEP, _CLOSEST, _FARTHEST = 1.25, 2000.0, 0.3
_NEAR = 9
"""Pixels around the pointer in which a point is meant."""
_LASSO_STEP = 3
_RINGS = 2000
_USUAL_AREA = 800 * 700


def glyph(shape: Shape, radius: int) -> npt.NDArray[np.int64]:
    """(K, 2) pixel offsets x, y of a glyph."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = {
        "dot": x * x + y * y <= (radius - 1) ** 2,
        "square": np.maximum(abs(x), abs(y)) <= max(1, radius - 1),
        "triangle": (y <= radius - 1) & (2 * abs(x) <= y + radius),
        "cross": abs(abs(x) - abs(y)) <= int(radius >= 4),
    }[shape]
    return np.stack([x[inside], y[inside]], axis=1)


def glyph_icon(kind: FlipKind) -> QIcon:
    """A glyph in its colour, for a legend."""
    pixmap, middle = QPixmap(14, 14), 7
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QColor(kind_color(kind)))
    for x, y in glyph(SHAPES[kind], 4):
        painter.drawPoint(middle + int(x), middle + int(y))
    painter.end()
    return QIcon(pixmap)


class MapCanvas(QWidget):
    """Knows points, their flip kinds and which are bright; tells rows of points."""

    lassoed = Signal(object)
    """(N,) rows inside the loop."""
    chosen = Signal(int)
    """Row of the point that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: Points = np.empty((0, 2), np.float32)
        self._kinds = np.empty(0, np.uint8)
        self.bright: Bools = np.empty(0, bool)
        self._there: Bools = np.empty(0, bool)
        self.hidden: set[FlipKind] = set()
        self.current: int | None = None
        self.selected: Rows = np.empty(0, np.int64)
        self.note = ""
        self.axes = ("", "")
        self.tip_of: Callable[[int], str] = str
        self._low, self._span = np.zeros(2), np.ones(2)
        self._centre, self._zoom = np.zeros(2), 1.0
        self._image: QImage | None = None
        self._sorted: tuple[Column, Column, Rows] | None = None
        """x and y of the visible points in drawing order, and where each layer starts."""
        self._loop: list[QPoint] = []
        self._panned_from: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 160)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Map of the samples")
        theme.notifier().changed.connect(self.redraw)

    # Content ------------------------------------------------------------------------------------------------------

    def set_points(self, points: Points, kinds: npt.NDArray[np.uint8]) -> None:
        """(N, 2) places, NaN where a sample has none, and (N,) flip kinds; the view stays where it is."""
        first = not len(self._points)
        self._points, self._kinds = points, kinds
        self._there = np.isfinite(points[:, 0]) & np.isfinite(points[:, 1])
        self.bright = np.ones(len(points), bool)
        self._low, self._span = _extent(points[self._there])
        if first:
            self.fit()
        self.sort_again()

    def set_bright(self, bright: Bools) -> None:
        """(N,) the samples that pass the filter; the others are drawn faintly."""
        self.bright = bright
        self.sort_again()

    def sort_again(self) -> None:
        """The points, what is bright or what is hidden changed."""
        self._sorted = None
        self.redraw()

    def redraw(self) -> None:
        """Draw the points anew with the next paint."""
        self._image = None
        self.update()

    def fit(self) -> None:
        """Zoom so that all points are seen."""
        self._centre, self._zoom = self._low + self._span / 2, 1.0
        self.redraw()

    def _scale(self) -> Places:
        """(2,) pixels per unit; y grows upwards."""
        room = np.array([max(1, self.width() - 48), max(1, self.height() - 48)], np.float64)
        made: Places = room / self._span * self._zoom * np.array([1, -1])
        return made

    def pixels(self) -> Places:
        """(N, 2) places in the widget; NaN where a sample has none."""
        return self.pixels_of(np.arange(len(self._points)))

    def _visible(self) -> Bools:
        """(N,) whether a point's kind is switched on."""
        shown = np.array([kind not in self.hidden for kind in FlipKind])
        made: Bools = self._there & shown[self._kinds]
        return made

    # Drawing ------------------------------------------------------------------------------------------------------

    def _radius(self) -> int:
        """Glyphs shrink with the number of points in the room there is and grow with the zoom."""
        share = self.width() * self.height() / _USUAL_AREA
        crowd = int(self._there.sum()) / max(0.05, share * max(1.0, self._zoom**2))
        return next((radius for most, radius in ((4_000, 4), (30_000, 3), (300_000, 2)) if crowd <= most), 1)

    def _sort(self) -> None:
        """Bring the visible points into drawing order once, so that a frame is a few passes over columns."""
        layer = np.full(len(self._points), -1, np.int8)
        for i, kind in enumerate(SHAPES):
            if kind not in self.hidden:
                layer[self._kinds == kind] = i
        layer[self.bright & (layer >= 0)] += len(SHAPES)
        layer[~self._there] = -1
        order = np.argsort(layer, kind="stable")  # bytes are sorted by counting them
        order = order[np.searchsorted(layer[order], 0) :]
        self._sorted = (
            np.ascontiguousarray(self._points[order, 0]),
            np.ascontiguousarray(self._points[order, 1]),
            np.searchsorted(layer[order], np.arange(2 * len(SHAPES) + 1)),
        )

    def _draw(self) -> QImage:
        if self._sorted is None:
            self._sort()
        assert self._sorted is not None
        ratio = self.devicePixelRatioF()
        radius = max(1, round(self._radius() * ratio))
        width, height, pad = int(self.width() * ratio), int(self.height() * ratio), 2 * radius + 2
        buffer = np.full((height + 2 * pad, width + 2 * pad), _rgb(theme.colors().panel), np.uint32)
        flat, stride, (xs, ys, starts) = buffer.reshape(-1), buffer.shape[1], self._sorted
        scale, middle = (self._scale() * ratio).astype(np.float32), np.array([width, height], np.float32) / 2
        shift = middle - self._centre.astype(np.float32) * scale + pad
        x, y = xs * scale[0] + shift[0], ys * scale[1] + shift[1]
        edge = pad - radius
        seen = np.flatnonzero((x > edge) & (x < stride - edge) & (y > edge) & (y < buffer.shape[0] - edge))
        at = y[seen].astype(np.int64) * stride + x[seen].astype(np.int64)
        ends = np.searchsorted(seen, starts)
        for i, (kind, shape) in enumerate([*SHAPES.items()] * 2):
            chosen = at[ends[i] : ends[i + 1]]
            more = int(kind == FlipKind.NEGATIVE)  # what the update broke is seen first
            for across, down in glyph(shape, radius + more).tolist() if len(chosen) else ():
                flat[chosen + (down * stride + across)] = self._color(kind, i >= len(SHAPES))
        inner = np.ascontiguousarray(buffer[pad : pad + height, pad : pad + width])
        image = QImage(inner.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
        image.setDevicePixelRatio(ratio)
        return image

    @staticmethod
    def _color(kind: FlipKind, bright: bool) -> int:
        faded = 0.45 if kind == FlipKind.BOTH_RIGHT else 0.0
        return _rgb(theme.blend(kind_color(kind), theme.colors().panel, faded if bright else 0.82))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colors = QPainter(self), theme.colors()
        if self.note or not len(self._points):
            painter.fillRect(self.rect(), QColor(colors.panel))
            painter.setPen(QColor(colors.muted))
            box = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.note)
            return
        if self._image is None:
            self._image = self._draw()
        painter.drawImage(0, 0, self._image)
        self._paint_axes(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_rings(painter)
        if self._loop:
            painter.setPen(QPen(QColor(colors.accent), 1.5, Qt.PenStyle.DashLine))
            fill = QColor(colors.accent)
            fill.setAlpha(36)
            painter.setBrush(fill)
            painter.drawPolygon(QPolygon(self._loop))

    def _paint_axes(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.colors().muted))
        across = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        box = self.rect().adjusted(6, 4, -6, -4)
        painter.drawText(box, across, self.axes[0] and f"{self.axes[0]} →")
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft, self.axes[1] and f"↑ {self.axes[1]}")

    def _paint_rings(self, painter: QPainter) -> None:
        rows = self.selected[:_RINGS]
        chosen = [*rows.tolist()] + ([self.current] if self.current is not None else [])
        chosen = [row for row in chosen if row < len(self._points) and self._there[row]]
        if not chosen:
            return
        at, radius = self.pixels_of(np.array(chosen)), self._radius() + 3
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, (x, y) in zip(chosen, at, strict=True):
            more = 2 if row == self.current else 0
            painter.setPen(QPen(QColor(theme.colors().accent), 1.5 + more / 2))
            painter.drawEllipse(QPointF(x, y), radius + more, radius + more)

    def pixels_of(self, rows: Rows) -> Places:
        """(len(rows), 2) places in the widget."""
        middle = np.array([self.width(), self.height()]) / 2
        made: Places = (self._points[rows] - self._centre) * self._scale() + middle
        return made

    # Mouse and keyboard -------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        pans = event.button() != Qt.MouseButton.LeftButton or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if pans:
            self._panned_from = event.position()
        else:
            self._loop = [event.position().toPoint()]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panned_from is not None:
            moved = event.position() - self._panned_from
            self._panned_from = event.position()
            self._centre = self._centre - np.array([moved.x(), moved.y()]) / self._scale()
            self.redraw()
        elif self._loop and (event.position().toPoint() - self._loop[-1]).manhattanLength() >= _LASSO_STEP:
            self._loop.append(event.position().toPoint())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        loop, self._loop, panned = self._loop, [], self._panned_from
        self._panned_from = None
        self.update()
        if panned is not None or not loop:
            return
        if len(loop) < 4:
            row = self.row_at(event.position())
            if row is not None:
                self.chosen.emit(row)
            return
        rows = self.inside(QPolygon(loop))
        if len(rows):
            self.lassoed.emit(rows)

    def inside(self, loop: QPolygon) -> Rows:
        """Rows of the visible points within a loop: the loop is painted once and looked up at every point."""
        mask = QImage(self.size(), QImage.Format.Format_Grayscale8)
        mask.fill(0)
        painter = QPainter(mask)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.white)
        painter.drawPolygon(loop)
        painter.end()
        lines = np.frombuffer(mask.constBits(), np.uint8).reshape(mask.height(), mask.bytesPerLine())
        at = np.nan_to_num(self.pixels(), nan=-1).clip(-1, 1e6).astype(np.int64)
        seen = self._visible() & (at >= 0).all(axis=1) & (at < [self.width(), self.height()]).all(axis=1)
        rows = np.flatnonzero(seen)
        found: Rows = rows[lines[at[rows, 1], at[rows, 0]] > 127]
        return found

    def row_at(self, where: QPointF) -> int | None:
        """The nearest visible point, a bright one where there is one."""
        with np.errstate(invalid="ignore"):
            away = np.abs(self.pixels() - np.array([where.x(), where.y()])).max(axis=1)
        near = np.flatnonzero(self._visible() & (away <= _NEAR))
        if not len(near):
            return None
        bright = near[self.bright[near]]
        near = bright if len(bright) else near
        return int(near[np.argmin(away[near])])

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(_STEP if event.angleDelta().y() > 0 else 1 / _STEP, event.position())
        event.accept()

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom by a factor; what is under ``about`` stays there."""
        zoom = float(np.clip(self._zoom * factor, _FARTHEST, _CLOSEST))
        middle = np.array([self.width(), self.height()]) / 2
        away = np.array([about.x(), about.y()]) - middle if about is not None else np.zeros(2)
        under = away / self._scale()
        self._zoom = zoom
        self._centre = self._centre + under - away / self._scale()
        self.redraw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Z and not event.modifiers():
            self.fit()
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif event.key() == Qt.Key.Key_Escape and self._loop:
            self._loop = []
            self.update()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tip_of(row) if row is not None else "", self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._image = None


def _rgb(color: str) -> int:
    return QColor(color).rgb()


def _extent(points: Points) -> tuple[Places, Places]:
    """Lowest values and spans of both axes; a span of nothing counts as one."""
    if not len(points):
        return np.zeros(2), np.ones(2)
    low = points.min(axis=0).astype(np.float64)
    span = points.max(axis=0) - low
    return low, np.where(span > 0, span, 1.0)
