"""Accuracy against NFR over the logit offset γ: what each candidate could trade, and the bar to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mpt_studio.compare import SUBSET_WORDS, Subset
from mpt_studio.gui.charts.frontier_curve import FUSION, WEIGHTS, Curve
from mpt_studio.gui.charts.trade_canvas import NEAR, TradeCanvas
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedButton
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, empty, in_a_row
from mpt_studio.gui.widgets.plain import caption, label, set_tip
from mpt_studio.gui.widgets.wheel import ComboBox

_NO_CURVES = "There are no samples of old classes, and so no NFR (old classes) to trade."
_HINT = "Marks: γ = 0, as trained. Lines: new-class logits lowered by γ at test time. Up and left is better."


class FrontierPlot(QWidget):
    """``chosen`` carries a candidate's key and the offset γ that was clicked."""

    chosen = Signal(str, float)
    subset_changed = Signal()
    between_chosen = Signal(int)
    """Position of a point of the curve of interpolated weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves: list[Curve] = []
        self.given: tuple[list[Curve], str, Sequence[Curve]] = ([], "", ())
        """What ``show_curves`` was told: over all samples."""
        self._items: list[Any] = []
        self._picked: tuple[Curve, int] | None = None
        self.plot = TradeCanvas("Accuracy against NFR of every candidate")
        self._at = pg.ScatterPlotItem(size=14, symbol="d", pxMode=True, antialias=True, useCache=False)
        self.under: tuple[str, float, float, float] | None = None
        self._shown: tuple[object, ...] = ()
        self._without = ""
        self._beside: list[Curve] = []
        self.mixture: tuple[str, float] | None = None
        """The point of a fusion that was clicked: the candidate's key and w."""
        self.legend = QWidget()
        self._legend_layout = FlowLayout(self.legend, spacing=2)
        self.readout, self._is_muted = label(wrap=True), False
        self.readout.setMinimumHeight(2 * self.fontMetrics().height() + 2)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = bare(QVBoxLayout(self), spacing=4)
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

    def show_curves(self, curves: list[Curve], current: str, beside: Sequence[Curve] = ()) -> None:
        """Draw these; ``current`` is drawn thicker, those ``beside`` as their kind is."""
        self.given = (curves, current, beside)
        self._of.setVisible(any(curve.new_classes is not None for curve in curves))
        self.curves, self._current, self._picked = [c.over(self.subset) for c in curves], current, None
        self._beside = [c.over(self.subset) for c in beside]
        self.plot.setLabel("left", f"accuracy, {SUBSET_WORDS[self.subset]} (%)")
        self._draw()
        shown = tuple((c.key, len(c.offset), float(c.x.sum()), float(c.y.sum())) for c in self.every_curve)
        if shown != self._shown:  # else the user's zoom stays
            self._shown = shown
            self._fit()

    @property
    def every_curve(self) -> list[Curve]:
        """The candidates' curves, and those of mixed weights or probabilities where there are any."""
        return [*self.curves, *self._beside]

    def show_offset(self, under: tuple[str, float, float, float] | None) -> None:
        """Mark where a candidate is under an offset: (key, γ, NFR (old classes), accuracy), both in percent."""
        if under != self.under:
            self.mixture = None
        self.under = under
        self._draw_offset()
        self._say(self._picked)

    @property
    def diamond(self) -> tuple[Curve, float, float] | None:
        """The point that was chosen, of a fusion by a click, else by the slider: its curve, NFR and accuracy."""
        if (mixed := self._mixed()) is not None:
            curve, i = mixed
            return curve, float(curve.x[i]), float(curve.y[i])
        under = self.under
        found = next((c for c in self.curves if under is not None and c.key == under[0]), None)
        return (found, under[2], under[3]) if found is not None and under is not None else None

    def _draw_offset(self) -> None:
        if self.diamond is None:
            self._at.setData([], [])
            return
        curve, x, y = self.diamond
        self._at.setBrush(QColor(theme.version_color(curve.color)))
        self._at.setPen(pg.mkPen(theme.colors().text, width=1.5))
        self._at.setData([x], [y])

    def _mixed(self) -> tuple[Curve, int] | None:
        """The point of a fusion that was clicked, while its curve is there."""
        if self.mixture is None:
            return None
        key, weight = self.mixture
        curve = next((c for c in self._beside if c.kind is FUSION and c.key == key), None)
        return None if curve is None else (curve, int(np.abs(curve.offset - weight).argmin()))

    def _draw(self) -> None:
        self.plot.recolor()
        for item in self._items:
            self.plot.removeItem(item)
        self._items = []
        for curve in self.curves:
            self._draw_curve(curve)
        for curve in self._beside:
            self._draw_beside(curve)
        self._add(self.plot.ring, 20)
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

    def _draw_beside(self, curve: Curve) -> None:
        hue = QColor(theme.version_color(curve.color))
        self._add(pg.PlotCurveItem(curve.x, curve.y, pen=pg.mkPen(hue, width=1, style=curve.kind.style)), 3)
        if curve.kind.symbol:
            points = pg.ScatterPlotItem(
                curve.x, curve.y, size=8, symbol=curve.kind.symbol, brush=None, pen=hue, useCache=False
            )
            self._add(points, 9)

    def _add(self, item: Any, z: int) -> None:
        item.setZValue(z)
        self.plot.addItem(item)
        self._items.append(item)

    def _fit(self) -> None:
        """Show where a trade is worth looking at: every mark, and not the far end where everything is called old."""
        seen = [(c.x[k], c.y[k]) for c in self.curves if (k := c.worth() | (np.arange(len(c.x)) == c.at_zero)).any()]
        if not seen:
            return
        best = max(float(y.max()) for _, y in seen)
        for curve in self._beside:  # those near the others; a click on its legend shows all
            near = curve.near(best)
            seen.append((curve.x[near], curve.y[near]))
        x, y = (np.concatenate(values) for values in zip(*seen, strict=True))
        self.plot.setXRange(0, max(1.0, float(x.max()) * 1.08), padding=0.02)
        self.plot.setYRange(float(y.min()) - 0.3, float(y.max()) + 0.3, padding=0.06)

    def _fill_legend(self) -> None:
        empty(self._legend_layout)
        for curve in self.curves:
            mark = "▪╌" if curve.is_plain else "●─"
            entry = ElidedButton(self.legend)
            entry.setText(caption(f"{mark} {curve.name}{' (the bar to beat)' if curve.is_plain else ''}"))
            entry.setStyleSheet(f"QToolButton {{ color: {theme.version_color(curve.color)}; padding: 2px 4px; }}")
            entry.setAccessibleName(curve.sentence(curve.at_zero))
            set_tip(entry, f"{curve.sentence(curve.at_zero)}. Click to see its negative flips.")
            entry.clicked.connect(lambda _=False, key=curve.key: self.chosen.emit(key, 0.0))
            self._legend_layout.addWidget(entry)
            entry.show()
        for curve in self._beside:
            self._add_entry_beside(curve)
        self._keep_room()

    def _keep_room(self) -> None:
        """What the parts need in this width: a legend of several lines takes nothing from the plot."""
        layout = self.layout()
        assert layout is not None
        self.setMinimumHeight(layout.minimumHeightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_room()

    def _add_entry_beside(self, curve: Curve) -> None:
        entry = ElidedButton(self.legend)
        entry.setText(caption(f"{curve.kind.mark} {curve.name}, {curve.kind.words}"))
        entry.setStyleSheet(f"QToolButton {{ color: {theme.version_color(curve.color)}; padding: 2px 4px; }}")
        set_tip(entry, curve.kind.tip)
        entry.clicked.connect(lambda *_: self._fit_to(curve))
        self._legend_layout.addWidget(entry)
        entry.show()

    def _fit_to(self, curve: Curve) -> None:
        self.plot.setXRange(0, float(curve.x.max()), padding=0.05)
        self.plot.setYRange(float(curve.y.min()), float(curve.y.max()), padding=0.08)

    def _nearest(self, where: QPointF) -> tuple[Curve, int] | None:
        """The curve's point nearest to a place of the scene, within ``NEAR`` pixels."""
        best, found = NEAR, None
        for curve in self.every_curve:
            if (far := self.plot.distances(where, curve.x, curve.y)) is None:
                return None
            if curve not in self._beside:
                far[curve.at_zero] -= 4  # the marked point wins over its neighbours
            i = int(far.argmin())
            if far[i] < best:
                best, found = float(far[i]), (curve, i)
        return found

    def _hover(self, where: QPointF) -> None:
        self._picked = self._nearest(where)
        picked = self._picked
        self.plot.point_at(*(picked[0].x[picked[1]], picked[0].y[picked[1]]) if picked else (None,))
        self._say(picked)

    def _say(self, picked: tuple[Curve, int] | None) -> None:
        muted = False
        if not self.curves:
            text, muted = self._without or _NO_CURVES, True
        elif picked is not None:
            text = f"{picked[0].sentence(picked[1])}. {picked[0].kind.then}"
        elif (mixed := self._mixed()) is not None:
            text = f"{mixed[0].sentence(mixed[1])}. The diamond. {mixed[0].kind.then}"
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
        return curve.sentence_at(gamma, accuracy, nfr) if curve is not None else ""

    def _click(self, event: Any) -> None:
        picked = self._nearest(event.scenePos())
        if picked and event.button() == Qt.MouseButton.LeftButton:
            self._choose(*picked)
        elif event.double():
            self._fit()

    def _choose(self, curve: Curve, i: int) -> None:
        if curve.kind is WEIGHTS:
            self.between_chosen.emit(i)
        elif curve.kind is FUSION:
            self.mixture = curve.key, float(curve.offset[i])
            self._draw_offset()
            self._say(None)
        else:
            self.chosen.emit(curve.key, float(curve.offset[i]))
