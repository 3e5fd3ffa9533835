"""One plot of curves: lines with bands, hover read-out, log axis, legend of line styles. Draws what it is given."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui import plain, theme
from mpt_studio.gui.curve_data import Floats, PlotSpec, nearest

pg.setConfigOptions(antialias=False, useOpenGL=False)

STYLES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)
_SHORT = {
    "old classes": "old",
    "new classes": "new",
    "cross_entropy": "CE",
    "distillation_old": "distil. old",
    "distillation_new": "distil. new",
}
_FEW_POINTS = 60
"""Series with at most this many points show each of them."""


@dataclass(frozen=True)
class Line:
    """One series of one run, ready to be drawn; arrays are (N,) float64, low and high empty where there is no band."""

    run: str
    label: str
    name: str
    color: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    faint: bool = False
    """An earlier run, drawn behind the others."""
    markers: bool = False
    """Whether each point means something of its own (one per epoch)."""


class CurvePlot(QFrame):
    """A card with one plot."""

    hovered = Signal(object)
    """x under the pointer, or None when it leaves."""
    zoomed = Signal(float, float)
    """The user chose this range of x."""
    fit_asked = Signal()
    export_asked = Signal(str)
    """ "png", "svg" or "csv"."""
    enlarge_asked = Signal()

    def __init__(self, spec: PlotSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self._items: dict[tuple[str, str], _LineItem] = {}
        self._names: list[str] = []
        self._hidden: set[str] = {"training"}
        """Series that are switched off; accuracy on training images is, until asked for."""
        self._lines: Sequence[Line] = ()
        theme.mark(self, card=True)
        self._x_label = "step"
        self._pointer_high = False
        self.x_axis = _XAxis("bottom")
        self.plot = _Canvas(self, axisItems={"bottom": self.x_axis})
        self._legend = _StyleLegend(self)
        self._legend.toggled.connect(self._toggle_style)
        self.menu_button = self._make_menu()
        self._lay_out()
        self._set_up_plot()
        self._readout = _overlay(self.plot)
        self._empty = _overlay(self.plot)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._show_emptiness(True)
        self.refresh_colors()

    def _lay_out(self) -> None:
        title = plain.label(self.spec.title, bold=True)
        plain.set_tip(title, self.spec.description)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(title)
        if self.spec.unit:
            unit = plain.label(self.spec.unit)
            theme.mark(unit, muted=True)
            head.addWidget(unit)
        head.addStretch(1)
        head.addWidget(self.menu_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE // 2, theme.SPACE // 2, theme.SPACE // 2)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._legend)
        layout.addWidget(self.plot, 1)
        self.setMinimumSize(220, 170)

    def _set_up_plot(self) -> None:
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setClipToView(True)
        item.setDownsampling(auto=True, mode="peak")
        item.showGrid(x=False, y=True, alpha=0.15)
        item.getViewBox().setDefaultPadding(0.06)
        item.getViewBox().setAutoVisible(y=True)
        item.getViewBox().sigRangeChangedManually.connect(self._zoomed)
        item.getAxis("left").setWidth(46)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
            item.getAxis(side).setStyle(tickLength=-4)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(50)
        self._cursor.hide()
        item.addItem(self._cursor, ignoreBounds=True)
        self.plot.setAccessibleName(f"Plot: {self.spec.title}")
        self.plot.setFrameShape(QFrame.Shape.NoFrame)
        self.plot.scene().sigMouseMoved.connect(self._mouse_moved)
        self.plot.viewport().installEventFilter(self)

    def _make_menu(self) -> QToolButton:
        button = QToolButton(self)
        button.setText("⋯")
        button.setAccessibleName(f"More for {self.spec.title}")
        plain.set_tip(button, "Log axis, fit, enlarge, export")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(button)
        self.log_action = menu.addAction("Logarithmic axis")
        self.log_action.setCheckable(True)
        self.log_action.toggled.connect(self.set_log)
        menu.addAction("Fit to the data").triggered.connect(self.fit_asked)
        menu.addAction("Enlarge or shrink").triggered.connect(self.enlarge_asked)
        menu.addSeparator()
        for kind in ("png", "svg", "csv"):
            menu.addAction(f"Export {kind.upper()}…").triggered.connect(
                lambda _=False, k=kind: self.export_asked.emit(k)
            )
        button.setMenu(menu)
        return button

    # ---- drawing -----------------------------------------------------------------------------------------------

    def draw(self, lines: Sequence[Line]) -> None:
        """Show exactly these lines; one item per line, kept and given new data from call to call."""
        self._lines = lines
        self._show_names(list(dict.fromkeys(line.name for line in lines)))
        shown = [line for line in lines if line.name not in self._hidden]
        wanted = {(line.run, line.name) for line in shown}
        for key in [k for k in self._items if k not in wanted]:
            self._items.pop(key).remove(self.plot)
        for line in shown:
            item = self._items.get((line.run, line.name))
            if item is None:
                item = self._items[line.run, line.name] = _LineItem(self.plot)
            item.update(line, self._style_of(line.name), self.log_action.isChecked())
        self._show_emptiness(not any(np.isfinite(line.y).any() for line in shown))
        self._place_overlays()

    def _show_emptiness(self, empty: bool) -> None:
        """Axes of a plot without values would only be noise."""
        self._empty.setVisible(empty)
        pen = pg.mkPen(theme.colors().panel if empty else theme.colors().border, width=1)
        for side in ("left", "bottom"):
            axis = self.plot.getPlotItem().getAxis(side)
            axis.setStyle(showValues=not empty)
            axis.setPen(pen)
        self.plot.getPlotItem().showGrid(x=False, y=not empty, alpha=0.15)

    def _style_of(self, name: str) -> Qt.PenStyle:
        return STYLES[self._names.index(name) % len(STYLES)]

    def _show_names(self, names: list[str]) -> None:
        fresh = [name for name in names if name not in self._names]
        if fresh:
            self._names += fresh
            self._legend.show_names({n: self._style_of(n) for n in self._names}, self._hidden)

    @Slot(str, bool)
    def _toggle_style(self, name: str, shown: bool) -> None:
        (self._hidden.discard if shown else self._hidden.add)(name)
        self.draw(self._lines)

    @Slot(bool)
    def set_log(self, on: bool) -> None:
        """Logarithmic value axis."""
        if self.log_action.isChecked() != on:
            self.log_action.setChecked(on)  # comes back here
            return
        self.plot.getPlotItem().setLogMode(x=False, y=on)
        self.draw(self._lines)

    def fit_values(self) -> None:
        """Let the value axis follow the data again after the user zoomed or panned."""
        self.plot.getPlotItem().enableAutoRange(axis="y")

    def set_x_range(self, low: float, high: float) -> None:
        """Show this range of x, exactly."""
        self.plot.getPlotItem().getViewBox().setXRange(low, high, padding=0)

    @Slot(object)
    def _zoomed(self, _axes: object) -> None:
        low, high = self.plot.getPlotItem().getViewBox().viewRange()[0]
        self.zoomed.emit(low, high)

    def set_x_axis(self, label: str) -> None:
        """Name of the x axis; "time" shows seconds as 1:05."""
        self._x_label = label
        self.x_axis.as_time = label == "time"
        self.x_axis.picture = None
        self.x_axis.update()

    def show_empty(self, text: str) -> None:
        """Text in the middle while there is no curve."""
        self._empty.setText(html.escape(text))
        self._place_overlays()

    def refresh_colors(self) -> None:
        """Take over the scheme's colours; lines bring theirs with the next ``draw``."""
        c = theme.colors()
        self.plot.setBackground(c.panel)
        for side in ("left", "bottom"):
            axis = self.plot.getPlotItem().getAxis(side)
            axis.setTextPen(pg.mkPen(c.muted))
        self._show_emptiness(self._empty.isVisibleTo(self))
        self._cursor.setPen(pg.mkPen(c.muted, width=1, style=Qt.PenStyle.DotLine))
        self._readout.setStyleSheet(
            f"background: {c.panel}; color: {c.text}; border: 1px solid {c.border}; border-radius: 4px; padding: 4px;"
        )
        self._empty.setStyleSheet(f"background: transparent; color: {c.muted};")
        self._legend.show_names({n: self._style_of(n) for n in self._names}, self._hidden)

    # ---- hover -------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        elif event.type() == QEvent.Type.Resize:
            self._place_overlays()
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.enlarge_asked.emit()
        return super().eventFilter(watched, event)

    @Slot(object)
    def _mouse_moved(self, where: QPointF) -> None:
        self._pointer_high = where.y() < self.plot.height() / 2
        box = self.plot.getPlotItem().getViewBox()
        inside = box.sceneBoundingRect().contains(where)
        self.hovered.emit(box.mapSceneToView(where).x() if inside else None)

    def show_cursor(self, x: float | None, readout: bool) -> None:
        """Draw the pointer's x; with ``readout`` also the values there."""
        rows = [] if x is None else self._rows_at(x)
        self._cursor.setVisible(bool(rows))
        self._readout.setVisible(bool(rows) and readout)
        if not rows or x is None:
            return
        self._cursor.setPos(x)
        if readout:
            head = f"{self._x_label} {clock(x) if self.x_axis.as_time else f'{x:.4g}'}"
            self._readout.setText("<br>".join([head, *rows[:12]]))
            self._place_readout(x)

    def _rows_at(self, x: float) -> list[str]:
        rows = []
        for line in self._lines:
            at = nearest(line.x, x)
            if line.name in self._hidden or at is None or not math.isfinite(line.y[at]):
                continue
            band = (
                f" ({line.low[at]:.3g}–{line.high[at]:.3g})"
                if len(line.low) > at and math.isfinite(line.low[at])
                else ""
            )
            name = f" {html.escape(_shown_name(line.name))}" if len(self._names) > 1 else ""
            mark = f'<span style="color:{line.color}">■</span>'
            rows.append(f"{mark} {html.escape(line.label)}{name} <b>{line.y[at]:.4g}</b>{self._unit()}{band}")
        return rows

    def _unit(self) -> str:
        return f" {self.spec.unit}" if self.spec.unit else ""

    def _place_readout(self, x: float) -> None:
        self._readout.adjustSize()
        box = self.plot.getPlotItem().getViewBox()
        at = box.mapViewToScene(QPointF(x, 0)).x()
        left = at + 10
        if left + self._readout.width() > self.plot.width():
            left = max(0, at - 10 - self._readout.width())
        top = self.plot.height() - self._readout.height() - 28 if self._pointer_high else 4
        self._readout.move(int(left), top)

    def _place_overlays(self) -> None:
        if hasattr(self, "_empty"):
            self._empty.setGeometry(self.plot.rect().adjusted(24, 0, -24, 0))


class _Canvas(pg.PlotWidget):
    """A plot that leaves the plain wheel to the page around it; Ctrl+wheel zooms."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()


class _XAxis(pg.AxisItem):
    as_time = False

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.as_time:
            return [clock(value * scale) for value in values]
        strings: list[str] = super().tickStrings(values, scale, spacing)
        return strings


def clock(seconds: float) -> str:
    """Seconds as "0:07", "12:30" or "1:02:03"."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class _LineItem:
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


class _StyleLegend(QWidget):
    """Which line style is which series; a click hides or shows it."""

    toggled = Signal(str, bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_names(self, styles: dict[str, Qt.PenStyle], hidden: set[str]) -> None:
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.setVisible(len(styles) > 1)
        for name, style in styles.items():
            self._row.addWidget(self._button(name, style, name not in hidden))

    def _button(self, name: str, style: Qt.PenStyle, shown: bool) -> QToolButton:
        button = QToolButton(self)
        button.setCheckable(True)
        button.setChecked(shown)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setText(plain.caption(_shown_name(name)))
        button.setIcon(_style_icon(style))
        button.setIconSize(QSize(20, 10))
        button.setStyleSheet("QToolButton { padding: 0 3px; font-size: 8pt; background: transparent; }")
        plain.set_tip(button, f"{name.replace('_', ' ')}: click to show or hide")
        button.toggled.connect(lambda on, n=name: self._toggle(button, n, on))
        self._fade(button, shown)
        return button

    def _toggle(self, button: QToolButton, name: str, on: bool) -> None:
        self._fade(button, on)
        self.toggled.emit(name, on)

    def _fade(self, button: QToolButton, shown: bool) -> None:
        c = theme.colors()
        color = c.text if shown else theme.blend(c.muted, c.panel, 0.55)
        font = button.font()
        font.setStrikeOut(not shown)
        button.setFont(font)
        button.setStyleSheet(
            f"QToolButton {{ padding: 0 3px; font-size: 8pt; background: transparent; color: {color}; }}"
        )


def _shown_name(name: str) -> str:
    return _SHORT.get(name) or name.replace("_", " ")


def _style_icon(style: Qt.PenStyle) -> QIcon:
    pixmap = QPixmap(40, 20)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QPen(QColor(theme.colors().text), 1.5, style))
    painter.drawLine(1, 5, 19, 5)
    painter.end()
    return QIcon(pixmap)


def _overlay(parent: QWidget) -> QLabel:
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.RichText)
    made.setWordWrap(False)
    made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    made.hide()
    return made


def _transparent(color: str) -> QColor:
    made = QColor(color)
    made.setAlpha(40)
    return made
