"""One plot of curves: lines with bands, hover read-out, log axis, legend of line styles. Draws what it is given."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGraphicsItem, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from mpt_studio import units
from mpt_studio.gui.charts import paper
from mpt_studio.gui.charts.curve_data import Line, PlotSpec, nearest
from mpt_studio.gui.charts.plot_legend import STYLES, StyleLegend, shown_name
from mpt_studio.gui.charts.plot_lines import Canvas, LineItem, XAxis, clock
from mpt_studio.gui.widgets import plain, theme


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
        self._items: dict[tuple[str, str], LineItem] = {}
        self.names: list[str] = []
        self._hidden: set[str] = {"training"}
        """Series that are switched off; accuracy on training images is, until asked for."""
        self._lines: Sequence[Line] = ()
        theme.mark(self, card=True)
        self.x_label = "step"
        self._pointer_high = False
        self.x_axis = XAxis("bottom")
        self.plot = Canvas(self, axisItems={"bottom": self.x_axis})
        self._legend = StyleLegend(self)
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
        self.basis = plain.label(self.spec.unit, muted=True)
        head.addWidget(self.basis)
        head.addStretch(1)
        head.addWidget(self.menu_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE // 2, theme.SPACE // 2, theme.SPACE // 2)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._legend)
        layout.addWidget(self.plot, 1)
        self.setMinimumSize(220, 132)

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
            item.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # its texts take longest
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(50)
        self._cursor.hide()
        item.addItem(self._cursor, ignoreBounds=True)
        self.plot.setAccessibleName(f"Plot: {self.spec.title}")
        self.plot.setFrameShape(QFrame.Shape.NoFrame)
        self.plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # its menu button is the keyboard's way in
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
        shown = self.shown_lines
        wanted = {(line.run, line.name) for line in shown}
        for key in [k for k in self._items if k not in wanted]:
            self._items.pop(key).remove(self.plot)
        for line in shown:
            item = self._items.get((line.run, line.name))
            if item is None:
                item = self._items[line.run, line.name] = LineItem(self.plot)
            item.update(line, self._style_of(line.name), self.log_action.isChecked())
        self.basis.setText(self._basis(shown))
        empty = not any(np.isfinite(line.y).any() for line in shown)
        if empty == self._empty.isHidden():
            self._show_emptiness(empty)
        self._place_overlays()
        self.plot.getPlotItem().getViewBox().updateAutoRange()  # before it is painted, not in the middle: painted once

    def _basis(self, lines: Sequence[Line]) -> str:
        """Unit and, where all lines are over as many samples, n; the read-out has it line by line."""
        many = {line.samples for line in lines if line.samples}
        return ", ".join(filter(None, (self.spec.unit, f"n = {units.count(many.pop())}" if len(many) == 1 else "")))

    @property
    def shown_lines(self) -> list[Line]:
        """The lines on show, as last drawn."""
        return [line for line in self._lines if line.name not in self._hidden]

    def picture(self, kind: str) -> bytes:
        """What is in view as a file, "png" or "svg"."""
        title = ", ".join(filter(None, (self.spec.title, self.spec.unit)))
        frame = paper.Frame.of(self.plot.getPlotItem(), title, self.x_label, self.log_action.isChecked())
        return paper.chart(kind, frame, self.shown_lines, self.names)

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
        return STYLES[self.names.index(name) % len(STYLES)]

    def _show_names(self, names: list[str]) -> None:
        fresh = [name for name in names if name not in self.names]
        if fresh:
            self.names += fresh
            self._legend.show_names({n: self._style_of(n) for n in self.names}, self._hidden)

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
        self.x_label = label
        self.x_axis.as_time, self.x_axis.is_counted = label == "time", label == "trial"
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
        self._show_emptiness(not self._empty.isHidden())
        self._cursor.setPen(pg.mkPen(c.muted, width=1, style=Qt.PenStyle.DotLine))
        self._readout.setStyleSheet(
            f"background: {c.panel}; color: {c.text}; border: 1px solid {c.border}; border-radius: 4px; padding: 4px;"
        )
        self._empty.setStyleSheet(f"background: transparent; color: {c.muted};")
        self._legend.show_names({n: self._style_of(n) for n in self.names}, self._hidden)

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
            head = f"{self.x_label} {clock(x) if self.x_axis.as_time else f'{x:.4g}'}"
            self._readout.setText("<br>".join([head, *rows[:12]]))
            self._place_readout(x)

    def _rows_at(self, x: float) -> list[str]:
        rows, unit = [], f" {self.spec.unit}" if self.spec.unit else ""
        for line in self._lines:
            at = nearest(line.x, x)
            if line.name in self._hidden or at is None or not math.isfinite(line.y[at]):
                continue
            band = (
                f" ({line.low[at]:.3g}–{line.high[at]:.3g})"
                if len(line.low) > at and math.isfinite(line.low[at])
                else ""
            )
            name = f" {html.escape(shown_name(line.name))}" if len(self.names) > 1 else ""
            mark = f'<span style="color:{line.color}">■</span>'
            over = f", n = {units.count(line.samples)}" if line.samples else ""
            rows.append(f"{mark} {html.escape(line.label)}{name} <b>{line.y[at]:.4g}</b>{unit}{band}{over}")
        return rows

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


def _overlay(parent: QWidget) -> QLabel:
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.RichText)
    made.setWordWrap(False)
    made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    made.hide()
    return made
