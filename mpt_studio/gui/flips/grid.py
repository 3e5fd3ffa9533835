"""The image grid: a list model over an index array and a view that touches only what is visible.

Nothing is created per sample: a million rows cost one array. Qt's own icon view lays out every item one by one, so
this view computes positions instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QRegion, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from mpt_studio.compare import Comparison, Group
from mpt_studio.gui.flips.card import CardPainter
from mpt_studio.gui.flips.model import FlipModel, GridLayout
from mpt_studio.gui.images.image_index import ImageIndex
from mpt_studio.gui.images.thumbnails import Thumbnails
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.tables import Index
from mpt_studio.units import count

SMALLEST, LARGEST, USUAL, STEP = 32, 320, 96, 16
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier)
_WISH_MS, _REST_MS = 25, 150


class FlipGrid(QAbstractItemView):
    """Cards in rows from left to right. ``opened`` on Enter or a double click, ``glanced`` on Space."""

    opened = Signal(int)
    glanced = Signal(int)
    current_row = Signal(object)
    """The comparison's row under the keyboard, or None."""
    thumbnail_resized = Signal(int)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.flips = FlipModel(self)
        self.thumbnails = thumbnails
        self._images = ImageIndex(None, np.empty(0, str))
        self._drawn: tuple[ImageIndex, int] = (self._images, 0)
        """The images and the revision of the marks that were painted last."""
        self._columns, self._cell_width, self._hovered = 1, 1, -1
        self._groups: list[Group] = []
        self._layout = GridLayout(0, 1, 1)
        self._cards = CardPainter(self.font(), USUAL)
        self._wishes = QTimer(self, singleShot=True, interval=_WISH_MS)
        self._wishes.timeout.connect(self._want_visible)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._want_neighbours)
        self.setModel(self.flips)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.setAccessibleName("Images")
        thumbnails.arrived.connect(self.viewport().update)
        theme.notifier().changed.connect(self._restyle)
        self.doubleClicked.connect(lambda index: self._emit(self.opened, index))

    # -- content

    def set_content(
        self,
        comparison: Comparison | None,
        rows: np.ndarray,
        images: ImageIndex,
        *,
        groups: list[Group] | None = None,
        stays: bool = False,
    ) -> None:
        """Show ``rows`` of ``comparison``, grouped under headings or not; from the top unless the view stays."""
        drawn = (images, comparison.annotations.revision if comparison is not None else 0)
        if comparison is self.flips.comparison and rows is self.flips.rows:
            if drawn != self._drawn:  # other marks or other data
                self._images, self._drawn = images, drawn
                self._wish()
                self.viewport().update()
            return
        self._images, self._drawn = images, drawn
        at, self._hovered = self.verticalScrollBar().value() if stays else 0, -1
        self._groups = groups or []
        self.flips.set_rows(comparison, rows)
        self.verticalScrollBar().setValue(at)

    def clear(self) -> None:
        """Show nothing."""
        self.set_content(None, np.empty(0, np.int64), ImageIndex(None, np.empty(0, str)))

    def select_row(self, row: int | None) -> None:
        """Make a row of the comparison the current item and bring it into view, if it is in the grid."""
        current = self.currentIndex()
        if current.isValid() and self.flips.row_of(current) == row:
            if not self.selectionModel().isSelected(current):
                self.selectionModel().select(current, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            return
        position = self.flips.position(row)
        if position is None:
            self.selectionModel().clear()
            return
        self.setCurrentIndex(self.flips.index(position))

    def selected_rows(self) -> np.ndarray:
        """The selected rows of the comparison, in grid order."""
        ranges = sorted((r.top(), r.bottom()) for r in self._ranges())
        parts = [self.flips.rows[top : bottom + 1] for top, bottom in ranges]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _ranges(self) -> list[QItemSelectionRange]:
        return self.selectionModel().selection().toList()

    def set_thumbnail(self, size: int) -> None:
        """Side of the images in pixels; what was at the top stays there."""
        size = int(np.clip(round(size / STEP) * STEP, SMALLEST, LARGEST))
        if size == self._cards.thumbnail:
            return
        anchor = self._anchor()
        self._cards = CardPainter(self.font(), size)
        self._lay_out()
        self.scrollTo(self.flips.index(anchor), QAbstractItemView.ScrollHint.PositionAtTop)
        self.viewport().update()
        self.thumbnail_resized.emit(size)

    @property
    def thumbnail(self) -> int:
        return self._cards.thumbnail

    def _anchor(self) -> int:
        current = self.currentIndex()
        if current.isValid() and self.viewport().rect().intersects(self.visualRect(current)):
            return current.row()
        return self._visible().start

    def _restyle(self) -> None:
        self._cards = CardPainter(self.font(), self._cards.thumbnail)
        self.viewport().update()

    def reset(self) -> None:
        super().reset()
        self._lay_out()
        self.viewport().update()

    # -- geometry: everything from the item's number

    def _height(self) -> int:
        return self._cards.size().height()

    def _lay_out(self) -> None:
        width = max(1, self.viewport().width())
        self._columns = max(1, width // self._cards.size().width())
        self._cell_width = width // self._columns
        heading = self.fontMetrics().height() + 12
        self._layout = GridLayout(len(self.flips.rows), self._columns, self._height(), self._groups, heading)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.height - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(max(20, self._height() // 3))
        self._wish()

    def updateGeometries(self) -> None:
        super().updateGeometries()
        self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        anchor = self._anchor()
        super().resizeEvent(event)
        columns = self._columns
        self._lay_out()
        if columns != self._columns and len(self.flips.rows):
            self.scrollTo(self.flips.index(anchor), QAbstractItemView.ScrollHint.PositionAtTop)

    def _rect(self, position: int) -> QRect:
        top, column = self._layout.place(position)
        return QRect(column * self._cell_width, top - self.verticalOffset(), self._cell_width, self._height())

    def visualRect(self, index: Index) -> QRect:
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self._cell_width
        if not 0 <= column < self._columns:
            return QModelIndex()
        position = self._layout.at(point.y() + self.verticalOffset(), column)
        return self.flips.index(position) if position >= 0 else QModelIndex()

    def _visible(self, rect: QRect | None = None) -> range:
        """Positions of the items in a part of the viewport."""
        rect = rect or self.viewport().rect()
        return self._layout.between(rect.top() + self.verticalOffset(), rect.bottom() + self.verticalOffset())

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if not index.isValid():
            return
        rect, height, bar = self.visualRect(index), self.viewport().height(), self.verticalScrollBar()
        if hint == QAbstractItemView.ScrollHint.PositionAtTop:
            bar.setValue(bar.value() + rect.top())
        elif hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - height // 2)
        elif rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() >= height:
            bar.setValue(bar.value() + min(rect.top(), rect.bottom() - height + 1))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(0, dy)
        self._wish()

    # -- keyboard and mouse

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        last = len(self.flips.rows) - 1
        if last < 0:
            return QModelIndex()
        move = QAbstractItemView.CursorAction
        if not self.currentIndex().isValid():
            return self.flips.index(last if action == move.MoveEnd else 0)
        at, page = self.currentIndex().row(), max(1, self.viewport().height() // self._height()) * self._columns
        if action in (move.MoveUp, move.MoveDown):
            return self.flips.index(self._layout.vertically(at, 1 if action == move.MoveDown else -1))
        steps = {move.MoveLeft: -1, move.MovePrevious: -1, move.MoveRight: 1, move.MoveNext: 1}
        steps |= {move.MovePageUp: -page, move.MovePageDown: page, move.MoveHome: -at, move.MoveEnd: last - at}
        return self.flips.index(min(last, max(0, at + steps.get(action, 0))))

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        if not len(self.flips.rows):
            return
        ends = sorted((self._nearest(rect.topLeft()), self._nearest(rect.bottomRight())))
        selection = QItemSelection(self.flips.index(ends[0]), self.flips.index(ends[1]))
        self.selectionModel().select(selection, command)

    def _nearest(self, point: QPoint) -> int:
        column = min(self._columns - 1, max(0, point.x() // self._cell_width))
        return self._layout.nearest(point.y() + self.verticalOffset(), column)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region, visible = QRegion(), self._visible()
        for part in selection.toList():
            shown = range(max(part.top(), visible.start), min(part.bottom() + 1, visible.stop))
            if shown:
                first, last = self._rect(shown.start), self._rect(shown.stop - 1)
                region += QRect(0, first.top(), self.viewport().width(), last.bottom() - first.top() + 1)
        return region

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.viewport().update(self.visualRect(previous))
        self.viewport().update(self.visualRect(current))
        self.current_row.emit(self.flips.row_of(current))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._emit(self.opened, self.currentIndex())
        elif event.key() == Qt.Key.Key_Space and not event.modifiers():
            self._emit(self.glanced, self.currentIndex())
        elif event.text().isprintable() and event.text() and event.modifiers() in _PLAIN:
            event.ignore()  # letters are the page's shortcuts
        else:
            super().keyPressEvent(event)

    def _emit(self, signal: Any, index: Index) -> None:
        row = self.flips.row_of(index)
        if row is not None:
            signal.emit(row)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_thumbnail(self.thumbnail + (STEP if event.angleDelta().y() > 0 else -STEP))
            event.accept()
        else:
            super().wheelEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, position: int) -> None:
        before, self._hovered = self._hovered, position
        for changed in {before, position} - {-1} if before != position else ():
            self.viewport().update(self._rect(changed))

    # -- painting

    def _wish(self) -> None:
        """Ask for images soon; at most so often, as decoding takes the interpreter from painting."""
        if not self._wishes.isActive():
            self._wishes.start()
        self._rest.start()

    def _want_visible(self) -> None:
        seen = self._visible()
        self.thumbnails.want(self._images.many(self.flips.rows[seen.start : seen.stop]), self.thumbnail)

    def _want_neighbours(self) -> None:
        """Once the view rests: also a screenful below and above."""
        seen = self._visible()
        screen = len(seen)
        below = self.flips.rows[seen.stop : seen.stop + screen]
        above = self.flips.rows[max(0, seen.start - screen) : seen.start]
        wanted = np.concatenate([self.flips.rows[seen.start : seen.stop], below, above])
        self.thumbnails.want(self._images.many(wanted), self.thumbnail)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        comparison, current = self.flips.comparison, self.currentIndex().row()
        if comparison is None:
            return
        self._paint_headings(painter, event.rect())
        ranges = [(r.top(), r.bottom()) for r in self._ranges()]
        for position in self._visible(event.rect()):
            row = int(self.flips.rows[position])
            self._cards.paint(
                painter,
                self._rect(position),
                comparison,
                row,
                self._image(row),
                selected=any(top <= position <= bottom for top, bottom in ranges),
                current=position == current,
                hovered=position == self._hovered,
                noted=bool(self.flips.note_of(comparison, row)),
            )

    def _paint_headings(self, painter: QPainter, rect: QRect) -> None:
        at, plain, bold = self.verticalOffset(), self.font(), self.font()
        bold.setBold(True)
        painter.setFont(bold)
        for top, group in self._layout.headings(rect.top() + at, rect.bottom() + at):
            box = QRect(8, top - at, self.viewport().width() - 16, self.fontMetrics().height() + 12)
            painter.setPen(self._cards.text)
            text = f"{group.title}   {count(group.count)}"
            elided = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, elided)
        painter.setFont(plain)

    def _image(self, row: int) -> QImage | None:
        index = self._images[row]
        if index < 0:
            return QImage()
        return self.thumbnails.image(index)
