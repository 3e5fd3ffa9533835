"""Both versions' most likely classes as paired bars, and both margins on one line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import number, tip

_BAR, _GAP, _ROW = 8, 2, 32


@dataclass(frozen=True)
class PairedAnswer:
    """One class under both versions; a probability is None where the version does not know the class."""

    name: str
    old: float | None
    new: float | None
    is_truth: bool


def paired(
    old: Sequence[tuple[str, float, float]],
    new: Sequence[tuple[str, float, float]],
    truth: str,
    *,
    top: int = 5,
    least: float = 0.001,
) -> list[PairedAnswer]:
    """The top classes of either version, aligned by name, most likely first.

    ``old`` and ``new`` hold (class, probability, logit) of **all** classes of the version, most likely first. Classes
    below ``least`` in both are left out, the truth and the two answers never.
    """
    left, right = {name: p for name, p, _ in old}, {name: p for name, p, _ in new}
    names = {name for name, _, _ in [*old[:top], *new[:top]]} | {truth}
    keep = {truth, *(name for name, _, _ in [*old[:1], *new[:1]])}
    seen = {n: max(left.get(n, 0.0), right.get(n, 0.0)) for n in names}
    chosen = sorted((n for n in names if n in keep or seen[n] >= least), key=lambda n: (-seen[n], n))
    return [PairedAnswer(n, left.get(n), right.get(n), n == truth) for n in chosen]


class AnswerBars(QWidget):
    """Painted rows: class name, old bar above new bar, probabilities as numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers: list[PairedAnswer] = []
        self._new_color = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Most likely classes of both versions")
        theme.notifier().changed.connect(self.update)

    def show_answers(self, answers: list[PairedAnswer], new_color: int) -> None:
        self._answers, self._new_color = answers, new_color
        self.setAccessibleDescription("; ".join(f"{a.name}: old {_share(a.old)}, new {_share(a.new)}" for a in answers))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, max(1, len(self._answers)) * _ROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Hovering a row says its class in full."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = event.pos().y() // _ROW
            name = f"{tip(self._answers[row].name)}<br>" if 0 <= row < len(self._answers) else ""
            QToolTip.showText(event.globalPos(), name + self.toolTip(), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors, metrics = theme.colors(), self.fontMetrics()
        names = [f"{'● ' if a.is_truth else ''}{a.name}" for a in self._answers]
        label = min(self.width() * 2 // 5, max((metrics.horizontalAdvance(n) for n in names), default=0) + 8)
        value = metrics.horizontalAdvance("100.0 %") + 6
        for i, (answer, name) in enumerate(zip(self._answers, names, strict=True)):
            top = i * _ROW
            painter.setPen(QColor(colors.text if answer.is_truth else colors.muted))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, label - 6)
            painter.drawText(QRectF(0, top, label, _ROW - 4), Qt.AlignmentFlag.AlignVCenter, text)
            whole = QRectF(label, top + 3, max(8, self.width() - label - value), _BAR)
            self._paint_bar(painter, whole, answer.old, colors.old, value)
            self._paint_bar(
                painter, whole.translated(0, _BAR + _GAP + 3), answer.new, theme.version_color(self._new_color), value
            )

    def _paint_bar(self, painter: QPainter, whole: QRectF, share: float | None, color: str, value: int) -> None:
        colors = theme.colors()
        painter.fillRect(whole, QColor(theme.blend(colors.panel, colors.text, 0.07)))
        if share:
            painter.fillRect(QRectF(whole.topLeft(), QSize(max(1, round(whole.width() * share)), _BAR)), QColor(color))
        painter.setPen(QColor(colors.text if share is not None else colors.muted))
        box = QRectF(whole.right(), whole.top() - 5, value, _BAR + 10)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _share(share))


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.1 %" if 0 < value < 0.0005 else f"{100 * value:.1f} %"


class MarginLine(QWidget):
    """Old and new margin on one axis around 0: left of 0 the answer is wrong, right of it right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._old = self._new = math.nan
        self._new_color = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Margins of both versions")
        theme.notifier().changed.connect(self.update)

    def show_margins(self, old: float, new: float, new_color: int) -> None:
        self._old, self._new, self._new_color = old, new, new_color
        self.setAccessibleDescription(f"old {number(old)}, new {number(new)}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 64)

    def minimumSizeHint(self) -> QSize:
        return QSize(140, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = theme.colors()
        known = [abs(m) for m in (self._old, self._new) if math.isfinite(m)]
        reach = max([1.0, *known]) * 1.15
        left, right, axis = 26.0, self.width() - 26.0, self.height() / 2
        zero = (left + right) / 2
        painter.fillRect(QRectF(left, axis - 2, zero - left, 4), QColor(theme.blend(colors.panel, colors.wrong, 0.45)))
        painter.fillRect(QRectF(zero, axis - 2, right - zero, 4), QColor(theme.blend(colors.panel, colors.right, 0.45)))
        painter.setPen(QPen(QColor(colors.muted), 1))
        painter.drawLine(QPointF(zero, axis - 8), QPointF(zero, axis + 8))
        painter.drawText(QRectF(0, axis - 10, left, 20), Qt.AlignmentFlag.AlignCenter, "✗")
        painter.drawText(QRectF(right, axis - 10, left, 20), Qt.AlignmentFlag.AlignCenter, "✓")
        for value, color, above in (
            (self._old, colors.old, True),
            (self._new, theme.version_color(self._new_color), False),
        ):
            if math.isfinite(value):
                self._paint_mark(painter, zero + value / reach * (right - zero), axis, value, color, above)

    def _paint_mark(self, painter: QPainter, x: float, axis: float, value: float, color: str, above: bool) -> None:
        side = -1 if above else 1
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        tip = QPointF(x, axis + side * 3)
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-5, side * 8), tip + QPointF(5, side * 8)]))
        painter.setPen(QColor(theme.colors().text))
        text = f"{'old' if above else 'new'} {number(value, 2)}"
        width = self.fontMetrics().horizontalAdvance(text) + 4
        start = min(max(0.0, x - width / 2), self.width() - width)
        box = QRectF(start, axis - 32 if above else axis + 13, width, 18)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
