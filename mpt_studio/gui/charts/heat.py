"""Saliency as a picture: a calm colour map whose alpha grows with the value, and its legend."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mpt_studio.gui.widgets import theme

_FAINTEST = 0.12
"""Alpha where a version does not look at all, so that the covered part can be told from what it never saw."""


@cache
def table() -> npt.NDArray[np.uint8]:
    """(256, 4) BGRA, not premultiplied: viridis, alpha from faint to full."""
    share = np.linspace(0, 1, 256)
    made = np.empty((256, 4), np.uint8)
    made[:, :3] = pg.colormap.get("viridis").map(share)[:, 2::-1]
    made[:, 3] = np.round(255 * (_FAINTEST + (1 - _FAINTEST) * share))
    return made


def heat_image(values: npt.NDArray[np.floating]) -> QImage:
    """(H, W) values in 0…1 → a QImage that owns its pixels."""
    levels = np.round(255 * np.clip(np.nan_to_num(values.astype(np.float32)), 0, 1)).astype(np.uint8)
    pixels = np.ascontiguousarray(table()[levels])
    height, width = levels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32).copy()


class HeatLegend(QWidget):
    """The colour map as a bar from "little" to "most"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Legend: dark is where a version looks little, yellow where it looks most")

    def sizeHint(self) -> QSize:
        return QSize(150, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, metrics = QPainter(self), self.fontMetrics()
        painter.setPen(QColor(theme.colors().muted))
        left, right = (metrics.horizontalAdvance(text) + 6 for text in ("looks little", "most"))
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), flags | Qt.AlignmentFlag.AlignLeft, "looks little")
        painter.drawText(self.rect(), flags | Qt.AlignmentFlag.AlignRight, "most")
        bar = QRect(left, self.height() // 2 - 4, max(1, self.width() - left - right), 8)
        ramp = QLinearGradient(QPointF(bar.topLeft()), QPointF(bar.topRight()))
        for at in range(0, 256, 17):
            blue, green, red, _ = (int(v) for v in table()[at])
            ramp.setColorAt(at / 255, QColor(red, green, blue))
        painter.fillRect(bar, ramp)
