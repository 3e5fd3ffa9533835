"""Accuracy against NFR over the logit offset γ: what each candidate could trade, and the bar to beat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import SUBSET_WORDS, Frontier, Subset
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, in_a_row
from mpt_studio.gui.widgets.plain import caption, count, label, number, percent, set_tip, shortened
from mpt_studio.gui.widgets.wheel import ComboBox

_NEAR = 24.0
"""Pixels around a point of a curve in which the pointer picks it."""
_FROM_BEST = 0.1
"""The plot opens on points whose accuracy is at most this far below the best."""

_NO_CURVES = "There are no samples of old classes, and so no NFR (old classes) to trade."
_HINT = "Marks: γ = 0, as trained. Lines: new-class logits lowered by γ at test time. Up and left is better."


@dataclass(frozen=True, eq=False)
class Curve:
    """One candidate's frontier over ``offset``: ``x`` NFR (old classes), ``y`` accuracy (``subset``), in percent."""

    key: str
    name: str
    color: int
    is_plain: bool
    offset: np.ndarray
    x: np.ndarray
    y: np.ndarray
    samples: int
    """Of the accuracy's subset."""
    samples_old_classes: int
    is_between: bool = False
    """Versions between the old model and the candidate; ``offset`` is then the share α of the old weights."""
    subset: Subset = "all"
    new_classes: tuple[np.ndarray, int] | None = None
    """Accuracy on new classes in percent, and how many samples those have; None without any."""

    @classmethod
    def of(cls, key: str, name: str, color: int, is_plain: bool, frontier: Frontier) -> Curve:
        x, y = (np.asarray(values, float) * 100 for values in (frontier.nfr_old_classes, frontier.accuracy_all))
        n = frontier.samples_all, frontier.samples_old_classes
        of_new = 100 * np.asarray(frontier.accuracy_new_classes, float), frontier.samples_new_classes
        new = of_new if of_new[1] else None
        return cls(key, name, color, is_plain, np.asarray(frontier.offset, float), x, y, *n, new_classes=new)

    def over(self, subset: Subset) -> Curve:
        """The same with the accuracy on new classes, where there are samples of them."""
        if subset != "new_classes" or self.new_classes is None:
            return self
        return replace(self, y=self.new_classes[0], samples=self.new_classes[1], subset=subset)

    @property
    def at_zero(self) -> int:
        """Position of γ = 0."""
        return int(np.abs(self.offset).argmin())

    @property
    def reach(self) -> tuple[float, float]:
        """Smallest and largest γ of the points that are worth a look."""
        worth = self.offset[_worth(self)]
        return float(worth.min(initial=0.0)), float(worth.max(initial=0.0))


class FrontierPlot(QWidget):
    """``chosen`` carries a candidate's key and the offset γ that was clicked."""

    chosen = Signal(str, float)
    subset_changed = Signal()
    between_chosen = Signal(int)
    """Position of a point of the curve of interpolated weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves: list[Curve] = []
        self.given: tuple[list[Curve], str, Curve | None] = ([], "", None)
        """What ``show_curves`` was told: over all samples."""
        self._items: list[Any] = []
        self._picked: tuple[Curve, int] | None = None
        self.plot = pg.PlotWidget(enableMenu=False)
        self.plot.setMinimumSize(200, 220)
        self.setMinimumHeight(310)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.plot.setAccessibleName("Accuracy against NFR of every candidate")
        self.plot.hideButtons()
        self.plot.setLabel("bottom", "NFR, old classes (%)")
        for side in ("bottom", "left"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.plot.viewport().installEventFilter(self)
        self._ring = pg.ScatterPlotItem(size=15, pxMode=True, useCache=False)
        self._at = pg.ScatterPlotItem(size=14, symbol="d", pxMode=True, antialias=True, useCache=False)
        self.under: tuple[str, float, float, float] | None = None
        self._shown: tuple[object, ...] = ()
        self._without = ""
        self._between: Curve | None = None
        self.legend = QWidget()
        self._legend_layout = FlowLayout(self.legend, spacing=2)
        self.readout, self._is_muted = label(wrap=True), False
        self.readout.setMinimumHeight(2 * self.fontMetrics().height() + 2)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self._subset_line(), self.legend, self.plot, self.readout):
            layout.addWidget(widget)
        layout.setStretch(2, 1)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.plot.scene().sigMouseClicked.connect(self._click)
        theme.notifier().changed.connect(self._draw)

    def _subset_line(self) -> QWidget:
        self.choice = ComboBox()
        self._of = in_a_row(label("Accuracy of"), self.choice, spare=True)
        for text, subset in (("all samples", "all"), ("new classes", "new_classes")):
            self.choice.addItem(text, subset)
        self.choice.setAccessibleName("Samples of the accuracy")
        set_tip(self.choice, "Whose accuracy is traded: of all samples, or of new classes, which pay for an offset")
        self.choice.currentIndexChanged.connect(self._change_subset)
        return self._of

    @property
    def subset(self) -> Subset:
        """Of the accuracy."""
        chosen: Subset = self.choice.currentData()
        return chosen if self._of.isVisibleTo(self) else "all"

    def _change_subset(self) -> None:
        self.under = None
        self.show_curves(*self.given)
        self.subset_changed.emit()

    @property
    def without(self) -> str:
        """Why the candidate on show has no curve; empty where it has one."""
        return self._without

    @without.setter
    def without(self, why: str) -> None:
        if why != self._without:
            self._without = why
            self.plot.setVisible(not why or bool(self.curves))
            self._say(None)

    def show_curves(self, curves: list[Curve], current: str, between: Curve | None = None) -> None:
        """Draw these; ``current`` is drawn thicker, ``between`` dotted."""
        self.given = (curves, current, between)
        self._of.setVisible(any(curve.new_classes is not None for curve in curves))
        self.curves, self._current, self._picked = [c.over(self.subset) for c in curves], current, None
        self._between = between.over(self.subset) if between is not None else None
        self.plot.setLabel("left", f"accuracy, {SUBSET_WORDS[self.subset]} (%)")
        self._draw()
        shown = tuple((c.key, len(c.offset), float(c.x.sum()), float(c.y.sum())) for c in self.every_curve)
        if shown != self._shown:  # else the user's zoom stays
            self._shown = shown
            self._fit()

    @property
    def every_curve(self) -> list[Curve]:
        """The candidates' curves, and that of interpolated weights where there is one."""
        return [*self.curves, *([self._between] if self._between is not None else [])]

    def show_offset(self, under: tuple[str, float, float, float] | None) -> None:
        """Mark where a candidate is under an offset: (key, γ, NFR (old classes), accuracy), both in percent."""
        self.under = under
        self._draw_offset()
        self._say(self._picked)

    def _draw_offset(self) -> None:
        curve = next((c for c in self.curves if self.under is not None and c.key == self.under[0]), None)
        if self.under is None or curve is None:
            self._at.setData([], [])
            return
        self._at.setBrush(QColor(theme.version_color(curve.color)))
        self._at.setPen(pg.mkPen(theme.colors().text, width=1.5))
        self._at.setData([self.under[2]], [self.under[3]])

    def _draw(self) -> None:
        colors = theme.colors()
        self.plot.setBackground(colors.panel)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(pg.mkPen(colors.border))
            self.plot.getAxis(side).setTextPen(colors.muted)
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        for item in self._items:
            self.plot.removeItem(item)
        self._items = []
        for curve in self.curves:
            self._draw_curve(curve)
        if self._between is not None:
            self._draw_between(self._between)
        self._ring.setData([], [])
        self._ring.setPen(pg.mkPen(colors.text, width=2))
        self._ring.setBrush(None)
        self._add(self._ring, 20)
        self._add(self._at, 15)
        self._draw_offset()
        self._fill_legend()
        self._say(None)

    def _draw_curve(self, curve: Curve) -> None:
        hue, current = QColor(theme.version_color(curve.color)), curve.key == self._current
        style = Qt.PenStyle.DashLine if curve.is_plain else Qt.PenStyle.SolidLine
        line = pg.PlotCurveItem(
            curve.x, curve.y, pen=pg.mkPen(hue, width=2 if current else 1, style=style), antialias=True
        )
        self._add(line, 2 if current else 1)
        zero = curve.at_zero
        symbol = "s" if curve.is_plain else "o"
        edge = pg.mkPen(theme.colors().text if current else theme.colors().panel, width=1.5)
        size = 12 if current else 10
        point = pg.ScatterPlotItem(
            [curve.x[zero]], [curve.y[zero]], size=size, symbol=symbol, brush=hue, pen=edge, useCache=False
        )
        self._add(point, 10)

    def _draw_between(self, curve: Curve) -> None:
        hue = QColor(theme.version_color(curve.color))
        self._add(pg.PlotCurveItem(curve.x, curve.y, pen=pg.mkPen(hue, width=1, style=Qt.PenStyle.DotLine)), 3)
        points = pg.ScatterPlotItem(curve.x, curve.y, size=8, symbol="t1", brush=None, pen=hue, useCache=False)
        self._add(points, 9)

    def _add(self, item: Any, z: int) -> None:
        item.setZValue(z)
        self.plot.addItem(item)
        self._items.append(item)

    def _fit(self) -> None:
        """Show where a trade is worth looking at: every mark, and not the far end where everything is called old."""
        seen = [(c.x[k], c.y[k]) for c in self.curves if (k := _worth(c) | (np.arange(len(c.x)) == c.at_zero)).any()]
        if not seen:
            return
        if self._between is not None:  # those near the others; a click on its legend shows all
            near = self._between.y >= max(float(y.max()) for _, y in seen) - 100 * _FROM_BEST
            seen.append((self._between.x[near], self._between.y[near]))
        x, y = (np.concatenate(values) for values in zip(*seen, strict=True))
        self.plot.setXRange(0, max(1.0, float(x.max()) * 1.08), padding=0.02)
        self.plot.setYRange(float(y.min()) - 0.3, float(y.max()) + 0.3, padding=0.06)

    def _fill_legend(self) -> None:
        while item := self._legend_layout.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for curve in self.curves:
            mark = "▪╌" if curve.is_plain else "●─"
            entry = QToolButton(self.legend)
            entry.setText(
                caption(f"{mark} {shortened(curve.name, 36)}{' (the bar to beat)' if curve.is_plain else ''}")
            )
            entry.setStyleSheet(f"QToolButton {{ color: {theme.version_color(curve.color)}; padding: 2px 4px; }}")
            entry.setAccessibleName(_sentence(curve, curve.at_zero))
            set_tip(entry, f"{_sentence(curve, curve.at_zero)}. Click to see its negative flips.")
            entry.clicked.connect(lambda _=False, key=curve.key: self.chosen.emit(key, 0.0))
            self._legend_layout.addWidget(entry)
            entry.show()

        if self._between is not None:
            self._add_between_entry(self._between)

    def _add_between_entry(self, curve: Curve) -> None:
        entry = QToolButton(self.legend)
        entry.setText(caption(f"△┄ {shortened(curve.name, 36)}, weights mixed with the old model's"))
        entry.setStyleSheet(f"QToolButton {{ color: {theme.version_color(curve.color)}; padding: 2px 4px; }}")
        set_tip(entry, "From α = 0, the update, to α = 1, the old model. Click to see the whole curve.")
        entry.clicked.connect(lambda *_: self._fit_between(curve))
        self._legend_layout.addWidget(entry)
        entry.show()

    def _fit_between(self, curve: Curve) -> None:
        self.plot.setXRange(0, float(curve.x.max()), padding=0.05)
        self.plot.setYRange(float(curve.y.min()), float(curve.y.max()), padding=0.08)

    def _nearest(self, where: QPointF) -> tuple[Curve, int] | None:
        """The curve's point nearest to a place of the scene, within ``_NEAR`` pixels."""
        box = self.plot.getViewBox()
        if not self.plot.plotItem.vb.sceneBoundingRect().contains(where):
            return None
        at = box.mapSceneToView(where)
        px, py = box.viewPixelSize()
        best, found = _NEAR, None
        for curve in self.every_curve:
            far = np.hypot((curve.x - at.x()) / px, (curve.y - at.y()) / py)
            if not curve.is_between:
                far[curve.at_zero] -= 4  # the marked point wins over its neighbours
            i = int(far.argmin())
            if far[i] < best:
                best, found = float(far[i]), (curve, i)
        return found

    def _hover(self, where: QPointF) -> None:
        self._picked = self._nearest(where)
        picked = self._picked
        self._ring.setData([picked[0].x[picked[1]]], [picked[0].y[picked[1]]]) if picked else self._ring.setData([], [])
        self.plot.setCursor(Qt.CursorShape.PointingHandCursor if picked else Qt.CursorShape.ArrowCursor)
        self._say(picked)

    def _say(self, picked: tuple[Curve, int] | None) -> None:
        muted = False
        if not self.curves:
            text, muted = self._without or _NO_CURVES, True
        elif picked is not None:
            then = "Click to open this version" if picked[0].is_between else "Click to see these flips"
            text = f"{_sentence(*picked)}. {then}."
        elif self.under is not None:
            text = f"{self._sentence_under(*self.under)}. The diamond; it moves with the slider."
        else:
            text, muted = self._without or _HINT, True
        if muted != self._is_muted:
            self._is_muted = muted
            theme.mark(self.readout, muted=muted)
        self.readout.setText(text)

    def _sentence_under(self, key: str, gamma: float, nfr: float, accuracy: float) -> str:
        curve = next((c for c in self.curves if c.key == key), None)
        return _at(curve, gamma, accuracy, nfr) if curve is not None else ""

    def _click(self, event: Any) -> None:
        picked = self._nearest(event.scenePos())
        if picked and picked[0].is_between and event.button() == Qt.MouseButton.LeftButton:
            self.between_chosen.emit(picked[1])
        elif picked and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(picked[0].key, float(picked[0].offset[picked[1]]))
        elif event.double():
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the page; with Ctrl it zooms the plot."""
        if isinstance(event, QWheelEvent) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def _sentence(curve: Curve, i: int) -> str:
    return _at(curve, float(curve.offset[i]), float(curve.y[i]), float(curve.x[i]))


def _at(curve: Curve, value: float, accuracy: float, nfr: float) -> str:
    where = f"{'α' if curve.is_between else 'γ'} = {number(value, 2)}"
    of_all = f"{SUBSET_WORDS[curve.subset]}, n={count(curve.samples)}"
    of_old = f"old classes, n={count(curve.samples_old_classes)}"
    rates = f"accuracy ({of_all}) {percent(accuracy / 100)}, NFR ({of_old}) {percent(nfr / 100)}"
    return f"{curve.name} at {where}: {rates}"


def _worth(curve: Curve) -> Any:
    """Points around γ = 0: not far below the best accuracy and not far beyond the trained NFR.

    On new classes alone the best would be an update that calls everything new; there the trained one is the measure.
    """
    best = curve.y.max() if curve.subset == "all" else curve.y[curve.at_zero]
    near = curve.y >= best - 100 * _FROM_BEST
    return near & (curve.x <= 1.3 * max(curve.x[curve.at_zero], 0.5))
