"""Widgets side by side: in a row, or wrapping to the next line like words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLayoutItem, QWidget

L = TypeVar("L", bound=QLayout)


def bare(layout: L, *, spacing: int = -1) -> L:
    """A layout that reaches to the edges; its items as far apart as everywhere, unless told."""
    layout.setContentsMargins(0, 0, 0, 0)
    if spacing >= 0:
        layout.setSpacing(spacing)
    return layout


def empty(layout: QLayout) -> None:
    """Take everything out, which is gone from sight at once."""
    while item := layout.takeAt(0):
        if widget := item.widget():
            widget.hide()
            widget.deleteLater()


class FlowLayout(QLayout):
    """Rows of items at their preferred size, as many per row as fit."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 4) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)
        self.invalidate()

    def insert_widget(self, index: int, widget: QWidget) -> None:
        """Put a widget before the others from ``index`` on."""
        self.addWidget(widget)
        self._items.insert(index, self._items.pop())
        self.invalidate()

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, move: bool) -> int:
        """Put the items into ``rect``, each in the middle of its row, and return the height that they need."""
        y = rect.y()
        for row in self._rows(rect.width()):
            height = max(item.sizeHint().height() for item in row)
            if move:
                self._place_row(row, rect, y, height)
            y += height + self.spacing()
        return max(0, y - self.spacing() - rect.y())

    def _place_row(self, row: list[QLayoutItem], rect: QRect, y: int, height: int) -> None:
        x = rect.x()
        for item in row:
            size = QSize(min(item.sizeHint().width(), rect.width()), item.sizeHint().height())
            item.setGeometry(QRect(QPoint(x, y + (height - size.height()) // 2), size))
            x += size.width() + self.spacing()

    def _rows(self, width: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = []
        used = 0
        for item in (i for i in self._items if not i.isEmpty()):
            need = item.sizeHint().width()
            if not rows or used + need > width:
                rows.append([])
                used = 0
            rows[-1].append(item)
            used += need + self.spacing()
        return rows


def tab_in_order(widgets: Iterable[QWidget]) -> None:
    """Let the Tab key follow these widgets one after the other, whenever they were made."""
    for one, next_one in pairwise(w for w in widgets if w.focusPolicy() & Qt.FocusPolicy.TabFocus):
        QWidget.setTabOrder(one, next_one)


def in_a_row(*widgets: QWidget, spare: bool = False) -> QWidget:
    """Widgets that come and go as one; with ``spare`` they leave the room that they do not need."""
    holder = QWidget()
    row = bare(QHBoxLayout(holder))
    for widget in widgets:
        row.addWidget(widget)
    if spare:
        row.addStretch(1)
    return holder
