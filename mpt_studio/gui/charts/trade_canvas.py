"""What plots of accuracy against NFR have in common: axes, colours, the wheel, the nearest point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSizePolicy

from mpt_studio.gui.widgets import theme

NEAR = 24.0
"""Pixels around a point in which the pointer picks it."""


class TradeCanvas(pg.PlotWidget):
    """NFR to the right, accuracy up, both in percent; whoever owns it puts items on it."""

    def __init__(self, name: str) -> None:
        super().__init__(enableMenu=False)
        self.setMinimumSize(200, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setAccessibleName(name)
        self.hideButtons()
        self.setLabel("bottom", "NFR, old classes (%)")
        for side in ("bottom", "left"):
            self.getAxis(side).enableAutoSIPrefix(False)
        self.ring = pg.ScatterPlotItem(size=15, pxMode=True, useCache=False)
        self.viewport().installEventFilter(self)

    def recolor(self) -> None:
        """Take over the scheme's colours; items have their own."""
        colors = theme.colors()
        self.setBackground(colors.panel)
        for side in ("bottom", "left"):
            self.getAxis(side).setPen(pg.mkPen(colors.border))
            self.getAxis(side).setTextPen(colors.muted)
        self.showGrid(x=True, y=True, alpha=0.15)
        self.ring.setData([], [])
        self.ring.setPen(pg.mkPen(colors.text, width=2))
        self.ring.setBrush(None)

    def distances(self, where: QPointF, x: Any, y: Any) -> Any:
        """How many pixels points are from a place of the scene; None outside of the plot."""
        box = self.getViewBox()
        if not box.sceneBoundingRect().contains(where):
            return None
        at = box.mapSceneToView(where)
        px, py = box.viewPixelSize()
        return np.hypot((x - at.x()) / px, (y - at.y()) / py)

    def point_at(self, x: float | None, y: float = 0.0) -> None:
        """Ring the point under the pointer; None where there is none."""
        self.ring.setData([], []) if x is None else self.ring.setData([x], [y])
        self.setCursor(Qt.CursorShape.ArrowCursor if x is None else Qt.CursorShape.PointingHandCursor)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the page; with Ctrl it zooms the plot."""
        if isinstance(event, QWheelEvent) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))
