"""A painted table of coloured cells, by mouse and keyboard: confusion matrices, NFR between every pair of versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from mpt_studio.gui.widgets import theme

_SMALLEST_TEXT = 16
"""Cells from this size on show their number."""
_LARGEST_CELL = 56
_MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True)
class Cells:
    """What to paint: R rows, C columns."""

    rows: Sequence[str]
    columns: Sequence[str]
    texts: Callable[[int, int], str]
    """What stands in a cell, where there is room; empty for cells that lead nowhere."""
    sentence: Callable[[int, int], str]
    """What a cell says in full."""
    strength: npt.NDArray[np.float64]
    """(R, C) 0…1."""
    is_good: npt.NDArray[np.bool_]
    """(R, C) green where true, else red."""


class MatrixView(QWidget):
    """``chosen`` carries row and column of a cell; ``pointed`` the sentence of the one under pointer or cursor."""

    chosen = Signal(int, int)
    pointed = Signal(str)

    def __init__(self, name: str, row_title: str, column_title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._row_title, self._column_title = name, row_title, column_title
        self.cells: Cells | None = None
        self._image = QImage()
        self._at: tuple[int, int] | None = None
        self.highlighted: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        theme.notifier().changed.connect(self._recolour)

    def show_cells(self, cells: Cells) -> None:
        """Paint these; the cursor stays where it is if it can."""
        self.cells = cells
        if self._at is not None and (self._at[0] >= len(cells.rows) or self._at[1] >= len(cells.columns)):
            self._at = None
        self._recolour()

    def highlight(self, cell: tuple[int, int] | None) -> None:
        """Frame the cell of the selected sample."""
        if cell != self.highlighted:
            self.highlighted = cell
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 200)

    # -- where things are

    def _label_room(self) -> int:
        names = [*self.cells.rows, *self.cells.columns] if self.cells else []
        widest = max((self._metrics().horizontalAdvance(name) for name in names), default=0)
        return min(widest, 112) + 8

    def _grid(self) -> QRectF:
        """The cells' rectangle."""
        assert self.cells is not None
        left, top = self._metrics().height() + self._label_room(), self._metrics().height() + self._label_room()
        side = min(
            (self.width() - left - 2) / max(1, len(self.cells.columns)),
            (self.height() - top - 2) / max(1, len(self.cells.rows)),
            _LARGEST_CELL,
        )
        return QRectF(left, top, side * len(self.cells.columns), side * len(self.cells.rows))

    def cell_box(self, row: int, column: int) -> QRectF:
        """One cell's rectangle."""
        assert self.cells is not None
        grid, side = self._grid(), self._grid().width() / max(1, len(self.cells.columns))
        return QRectF(grid.x() + column * side, grid.y() + row * side, side, side)

    def _cell_under(self, place: QPointF) -> tuple[int, int] | None:
        if self.cells is None or not self._grid().contains(place):
            return None
        grid, side = self._grid(), self._grid().width() / len(self.cells.columns)
        row, column = int((place.y() - grid.y()) / side), int((place.x() - grid.x()) / side)
        inside = row < len(self.cells.rows) and column < len(self.cells.columns)
        return (row, column) if inside else None

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(self._small())

    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        return font

    # -- painting

    def _recolour(self) -> None:
        if self.cells is None:
            return
        colors = theme.colors()
        right, wrong, base = (_rgb(hue) for hue in (colors.right, colors.wrong, colors.panel))
        share = 0.85 * np.clip(self.cells.strength, 0, 1)[..., None]
        pixels = np.where(self.cells.is_good[..., None], right, wrong) * share + base * (1 - share)
        data = np.ascontiguousarray(pixels.round().astype(np.uint8))
        height, width = data.shape[:2]
        self._image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.cells is None or self._image.isNull():
            return
        painter = QPainter(self)
        painter.setFont(self._small())
        colors, grid = theme.colors(), self._grid()
        painter.drawImage(grid, self._image)
        painter.setPen(QPen(QColor(colors.border), 1))
        painter.drawRect(grid)
        self._paint_names(painter, grid)
        self._paint_texts(painter)
        frames = ((self.highlighted, colors.text), (self._at if self.hasFocus() else None, colors.accent))
        for cell, hue in frames:
            if cell is not None and cell[0] < len(self.cells.rows) and cell[1] < len(self.cells.columns):
                painter.setPen(QPen(QColor(hue), 2))
                painter.drawRect(self.cell_box(*cell))

    def _paint_names(self, painter: QPainter, grid: QRectF) -> None:
        assert self.cells is not None
        metrics, room, side = self._metrics(), self._label_room(), grid.width() / max(1, len(self.cells.columns))
        painter.setPen(QColor(theme.colors().muted))
        line, elide = metrics.height(), Qt.TextElideMode.ElideMiddle
        every = max(1, -(-line // max(1, int(side))))
        painter.drawText(QRectF(grid.x(), 0, max(grid.width(), 120), line), 0, self._column_title)
        painter.save()
        painter.rotate(-90)
        painter.drawText(QRectF(-grid.bottom(), 0, grid.height(), line), Qt.AlignmentFlag.AlignRight, self._row_title)
        for column, name in enumerate(self.cells.columns):
            if column % every == 0:
                box = QRectF(-grid.y() + 4, grid.x() + column * side, room, max(side, line))
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, metrics.elidedText(name, elide, room - 6))
        painter.restore()
        for row, name in enumerate(self.cells.rows):
            if row % every == 0:
                box = QRectF(
                    grid.x() - room, grid.y() + row * side + min(0.0, (side - line) / 2), room - 4, max(side, line)
                )
                flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
                painter.drawText(box, flags, metrics.elidedText(name, elide, room - 6))

    def _paint_texts(self, painter: QPainter) -> None:
        assert self.cells is not None
        if self.cell_box(0, 0).width() < _SMALLEST_TEXT:
            return
        small = _Shrinking(self._small())
        for row in range(len(self.cells.rows)):
            for column in range(len(self.cells.columns)):
                text, box = self.cells.texts(row, column), self.cell_box(row, column)
                font = small.fitting(text, box.width() - 2) if text else None
                if font is not None:
                    painter.setFont(font)
                    painter.setPen(QColor(theme.ink_on(self._image.pixelColor(column, row).name())))
                    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # -- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_under(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._leads(cell) else Qt.CursorShape.ArrowCursor)
        self._point(cell)

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit("")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_under(event.position())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self._move_to(cell)
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        move = _MOVES.get(Qt.Key(event.key()))
        if self.cells is not None and move is not None:
            row, column = self._at or (0, 0)
            if self._at is not None:
                row, column = row + move[0], column + move[1]
            last = len(self.cells.rows) - 1, len(self.cells.columns) - 1
            self._move_to((min(max(row, 0), last[0]), min(max(column, 0), last[1])))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _move_to(self, cell: tuple[int, int]) -> None:
        self._at = cell
        self._point(cell)
        self.update()

    def _point(self, cell: tuple[int, int] | None) -> None:
        sentence = self.cells.sentence(*cell) if self.cells is not None and cell is not None else ""
        self.setAccessibleName(f"{self._name}: {sentence}" if sentence else self._name)
        self.pointed.emit(sentence)

    def _leads(self, cell: tuple[int, int] | None) -> bool:
        return self.cells is not None and cell is not None and bool(self.cells.texts(*cell))

    def _choose(self) -> None:
        if self._at is not None and self._leads(self._at):
            self.chosen.emit(*self._at)

    def place(self, row: int, column: int) -> QPoint:
        """The middle of a cell."""
        return self.cell_box(row, column).center().toPoint()


class _Shrinking:
    """The largest of a few font sizes in which a number fits; larger numbers matter most, so they are not left out."""

    def __init__(self, font: QFont) -> None:
        self._sizes: list[tuple[QFont, QFontMetrics]] = []
        for share in (1.0, 0.88, 0.77):
            smaller = QFont(font)
            smaller.setPointSizeF(font.pointSizeF() * share)
            self._sizes.append((smaller, QFontMetrics(smaller)))

    def fitting(self, text: str, width: float) -> QFont | None:
        return next((font for font, metrics in self._sizes if metrics.horizontalAdvance(text) <= width), None)


def _rgb(hue: str) -> npt.NDArray[np.float64]:
    color = QColor(hue)
    return np.array([color.red(), color.green(), color.blue()], np.float64)
