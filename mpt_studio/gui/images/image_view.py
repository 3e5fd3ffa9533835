"""One image at any zoom: the wheel zooms (in a scrolled panel: with Ctrl, or after a click), dragging pans, Z fits."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.wheel import scrolls_around

_QT_MARGIN = 2
"""What ``fitInView`` leaves free on each side."""
_STEP, _FEWEST, _MOST = 1.25, 0.05, 60.0


class ImageView(QGraphicsView):
    """Shows a QImage; pixels stay sharp when enlarged, so that tiny images show what the model saw."""

    looked = Signal(float, float, float)
    """The user zoomed or panned: zoom as a multiple of fit, centre as fractions of width and height."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = QGraphicsScene(self)
        self._item = QGraphicsPixmapItem()
        self._scene.addItem(self._item)
        self._overlay = QGraphicsPixmapItem(self._item)
        self._overlay.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self.setScene(self._scene)
        self._fits, self._note, self._quiet = True, "", False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Image of the selected sample")
        self.setMinimumSize(80, 80)
        self._restyle()
        theme.notifier().changed.connect(self._restyle)

    def show_image(self, image: QImage | None, note: str = "") -> None:
        """Show an image, or ``note`` where there is none. The zoom goes back to fit."""
        there = image is not None and not image.isNull()
        self._note = "" if there else note
        self._item.setPixmap(QPixmap.fromImage(image) if there and image is not None else QPixmap())
        self._scene.setSceneRect(QRectF(self._item.pixmap().rect()))
        self.fit()
        self.viewport().update()

    def set_overlay(self, image: QImage | None, box: Sequence[float] = (0.0, 0.0, 1.0, 1.0)) -> None:
        """Lay an image with alpha over the part ``box`` = left, top, right, bottom of the image, in fractions of it."""
        size = self._item.pixmap().size()
        there = image is not None and not image.isNull() and not size.isEmpty()
        self._overlay.setPixmap(QPixmap.fromImage(image) if there and image is not None else QPixmap())
        if there and image is not None:
            across = (box[2] - box[0]) * size.width() / image.width()
            down = (box[3] - box[1]) * size.height() / image.height()
            self._overlay.setTransform(QTransform.fromScale(across, down))
            self._overlay.setPos(box[0] * size.width(), box[1] * size.height())

    def set_overlay_opacity(self, opacity: float) -> None:
        """From 0 (only the image is seen) to 1."""
        self._overlay.setOpacity(opacity)

    def fit(self) -> None:
        """Zoom so that the whole image is seen."""
        self._fits = True
        if not self._item.pixmap().isNull():
            self.fitInView(self._item, Qt.AspectRatioMode.KeepAspectRatio)
        self._smoothen()

    def zoom(self, factor: float) -> None:
        """Zoom by a factor, within limits."""
        scale = self.transform().m11() * factor
        if self._item.pixmap().isNull() or not _FEWEST <= scale <= _MOST:
            return
        self._fits = False
        self.scale(factor, factor)
        self._smoothen()
        self._tell()

    def look(self, zoom: float, x: float, y: float) -> None:
        """Show what another view shows: see ``looked``. Emits nothing."""
        size = self._item.pixmap().size()
        if size.isEmpty():
            return
        self._quiet = True
        self.fit()
        if zoom > 1.0:
            self._fits = False
            self.scale(zoom, zoom)
            self.centerOn(x * size.width(), y * size.height())
            self._smoothen()
        self._quiet = False

    def _tell(self) -> None:
        size, room = self._item.pixmap().size(), self.viewport().size()
        if self._quiet or size.isEmpty():
            return
        margin = 2 * _QT_MARGIN
        fit = min((room.width() - margin) / size.width(), (room.height() - margin) / size.height())
        centre = self.mapToScene(self.viewport().rect().center())
        self.looked.emit(self.transform().m11() / fit, centre.x() / size.width(), centre.y() / size.height())

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if not self._fits:
            self._tell()

    def _smoothen(self) -> None:
        smaller = self.transform().m11() < 1
        mode = Qt.TransformationMode.SmoothTransformation if smaller else Qt.TransformationMode.FastTransformation
        self._item.setTransformationMode(mode)

    def _restyle(self) -> None:
        self.setBackgroundBrush(QColor(theme.blend(theme.colors().panel, theme.colors().text, 0.04)))

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if not self._note:
            return
        painter.resetTransform()
        painter.setPen(QColor(theme.colors().muted))
        box = self.viewport().rect().adjusted(12, 12, -12, -12)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._note)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if scrolls_around(self) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        self.zoom(_STEP if event.angleDelta().y() > 0 else 1 / _STEP)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits:
            self.fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fits:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Z and not event.modifiers():
            self.fit()
            self._tell()
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)
