"""A figure's interval against what is asked of it, as a small picture."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from mpt_studio.decide import Finding
from mpt_studio.gui.decide.signs import sign_of
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import set_tip

_SPARE = 0.18
"""Of the reach, free at each end."""


class IntervalBar(QWidget):
    """The good side is washed green; the bar is the interval, the dot the value, the upright line the threshold."""

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finding = finding
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(44)
        set_tip(self, f"Bar: {finding.told_interval()}; line: {finding.told_threshold()}")
        theme.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(180, 26)

    @property
    def reach(self) -> tuple[float, float]:
        """The figures at both ends of the picture."""
        finding = self._finding
        assert finding.interval is not None
        low, high = min(finding.interval[0], finding.threshold), max(finding.interval[1], finding.threshold)
        spare = _SPARE * (high - low) or 0.01
        return low - spare, high + spare

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._finding.interval is None or self._finding.value is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        self._paint_sides(painter)
        self._paint_interval(painter, self._finding.interval, self._finding.value)
        at = self._at(self._finding.threshold)
        painter.setPen(QPen(QColor(theme.colors().text), 2))
        painter.drawLine(QPointF(at, 2), QPointF(at, self.height() - 2))

    def _paint_sides(self, painter: QPainter) -> None:
        colors, at, middle = theme.colors(), self._at(self._finding.threshold), self.height() / 2
        good, bad = (theme.blend(colors.panel, hue, 0.22) for hue in (colors.right, colors.wrong))
        left, right = (bad, good) if self._finding.is_least else (good, bad)
        painter.setBrush(QColor(left))
        painter.drawRoundedRect(QRectF(0, middle - 4, at, 8), 3, 3)
        painter.setBrush(QColor(right))
        painter.drawRoundedRect(QRectF(at, middle - 4, self.width() - at, 8), 3, 3)

    def _paint_interval(self, painter: QPainter, bounds: tuple[float, float], value: float) -> None:
        middle, color = self.height() / 2, QColor(sign_of(self._finding).color)
        low, high = (self._at(end) for end in bounds)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(low, middle - 2, max(2.0, high - low), 4), 2, 2)
        painter.setPen(QPen(QColor(theme.colors().panel), 1.5))
        painter.drawEllipse(QPointF(self._at(value), middle), 5, 5)

    def _at(self, value: float) -> float:
        low, high = self.reach
        return (value - low) / (high - low) * self.width()
