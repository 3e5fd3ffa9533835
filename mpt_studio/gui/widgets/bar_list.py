"""A searchable list of painted bars that stays quick with thousands of entries: classes, flows, facets."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.forms import finder
from mpt_studio.gui.widgets.plain import label, tip
from mpt_studio.gui.widgets.tables import Index

_SEARCH_FROM = 13
"""Shorter lists need no search field."""
_BAR, _TICK, _INSIDE = 10, 18, 8


@dataclass(frozen=True)
class BarRow:
    """One entry. Lengths are shares of the list's whole width, 0 to 1."""

    key: Hashable
    name: str
    text: str
    length: float = 0.0
    low: float | None = None
    high: float | None = None
    """Ends of the interval, drawn as whiskers."""
    color: str = "accent"
    """A field of ``theme.Colors``."""
    note: str = ""
    """A short mark after the name ("new class")."""
    checked: bool | None = None
    """None draws no check box."""
    second: str = ""
    """What an arrow points to from ``name``; both are shortened alike."""
    meaning: str = ""
    """More for the tooltip."""

    @property
    def full_name(self) -> str:
        """The name in full, with what it points to."""
        return f"{self.name} → {self.second}" if self.second else self.name


class BarModel(QAbstractListModel):
    """Rows that match the search text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[BarRow] = ()
        self.rows: Sequence[BarRow] = ()
        self.text = ""

    def set_rows(self, rows: Sequence[BarRow]) -> None:
        self._all = rows
        self.search(self.text)

    def search(self, text: str) -> None:
        """Keep the rows whose name has all words of ``text``, upper or lower case."""
        self.text, words = text, text.casefold().split()
        self.beginResetModel()
        self.rows = [r for r in self._all if all(w in r.full_name.casefold() for w in words)] if words else self._all
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            ticked = {None: "", True: ", chosen", False: ""}[row.checked]
            return f"{row.full_name}{f' ({row.note})' if row.note else ''}: {row.text}{ticked}"
        if role == Qt.ItemDataRole.ToolTipRole:
            head = f"{row.full_name}{f' ({row.note})' if row.note else ''}\n{row.text}"
            return tip(f"{head}\n{row.meaning}" if row.meaning else head)
        return None


class BarDelegate(QStyledItemDelegate):
    """Name, bar with whiskers, numbers; ``bar_share`` 0 draws the bar under the name instead of beside it."""

    def __init__(self, view: QListView, *, name_share: float, text_width: int) -> None:
        super().__init__(view)
        self._name_share, self._text_width = name_share, text_width
        self._widest = 0
        self.highlighted: Hashable = None
        self.longest: BarRow | None = None
        """The row whose name takes most room; names get no more than it needs."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: BarRow = index.data(Qt.ItemDataRole.UserRole)
        colors, box = theme.colors(), option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if row.checked or selected:
            painter.fillRect(box, QColor(theme.selected()))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(theme.blend(colors.panel, colors.text, 0.06)))
        if self.highlighted is not None and row.key == self.highlighted:
            painter.fillRect(QRect(box.x(), box.y() + 2, 3, box.height() - 4), QColor(colors.accent))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colors.accent), 1))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
        inside = box.adjusted(_INSIDE, 0, -_INSIDE, 0)
        if row.checked is not None:
            self._paint_check(painter, inside, row.checked)
            inside.setLeft(inside.left() + _TICK)
        self._paint_row(painter, option, inside, row)

    def _paint_check(self, painter: QPainter, box: QRect, checked: bool) -> None:
        colors = theme.colors()
        square = QRect(box.x(), box.center().y() - 5, 12, 12)
        painter.setPen(QPen(QColor(colors.accent if checked else colors.muted), 1))
        painter.setBrush(QColor(colors.accent) if checked else Qt.BrushStyle.NoBrush)
        painter.drawRect(square)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if checked:
            painter.setPen(QPen(QColor(colors.on_accent), 2))
            x, y = square.x(), square.y()
            painter.drawPolyline([QPoint(x + 3, y + 6), QPoint(x + 5, y + 9), QPoint(x + 10, y + 3)])

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect, row: BarRow) -> None:
        colors, metrics = theme.colors(), option.fontMetrics
        name_width, room = self.parts(metrics, box.width())
        text_width = box.width() - room
        painter.setPen(QColor(colors.text))
        note = metrics.horizontalAdvance(row.note) + 10 if row.note else 0
        middle = Qt.AlignmentFlag.AlignVCenter
        name = _shortened(metrics, row, name_width - note - 4)
        painter.drawText(QRect(box.x(), box.y(), name_width - note, box.height()), middle, name)
        painter.setPen(QColor(colors.muted))
        painter.drawText(
            QRect(box.right() - text_width, box.y(), text_width, box.height()),
            middle | Qt.AlignmentFlag.AlignRight,
            row.text,
        )
        if row.note:
            at = box.x() + min(metrics.horizontalAdvance(name) + 8, name_width - note)
            painter.setPen(QColor(colors.accent))
            painter.drawText(QRect(at, box.y(), note, box.height()), middle, row.note)
        whole = QRectF(box.x() + name_width, box.center().y() - _BAR // 2 + 1, room - name_width, _BAR)
        if whole.width() > 4:
            self._paint_bar(painter, whole, row)

    def fit(self, metrics: QFontMetrics, rows: Sequence[BarRow]) -> None:
        """Bars of these rows begin and end at one place each, after the longest name and before the longest number."""
        self.longest = max(rows, key=lambda row: len(row.full_name) + len(row.note), default=None)
        longest_text = max((row.text for row in rows), key=len, default="")
        self._widest = max(self._text_width, metrics.horizontalAdvance(longest_text) + 8)

    def parts(self, metrics: QFontMetrics, width: int) -> tuple[int, int]:
        """Where the bars begin and where they end, from the left of a row's content of this width."""
        room = width - self._widest
        return min(round(room * self._name_share), self._needed(metrics, room)), room

    def _needed(self, metrics: QFontMetrics, room: int) -> int:
        if self.longest is None or self._name_share >= 1:
            return room
        return metrics.horizontalAdvance(f"{self.longest.full_name} {self.longest.note}") + 24

    def _paint_bar(self, painter: QPainter, whole: QRectF, row: BarRow) -> None:
        colors = theme.colors()
        hue = theme.color(row.color)
        painter.fillRect(whole, QColor(theme.blend(colors.panel, colors.text, 0.05)))
        if row.length > 0:
            painter.fillRect(QRectF(whole.x(), whole.y(), max(1.0, row.length * whole.width()), _BAR), QColor(hue))
        if row.low is None or row.high is None:
            return
        y = whole.center().y()
        left, right = whole.x() + row.low * whole.width(), whole.x() + min(1.0, row.high) * whole.width()
        painter.setPen(QPen(QColor(colors.text), 1))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in (left, right):
            painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 3))


_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_MOST_TICKS = 6


class BarScale(QWidget):
    """The axis below the bars, in percent; hidden where their lengths are told by their numbers alone."""

    def __init__(self, view: QListView, delegate: BarDelegate) -> None:
        super().__init__()
        self._view, self._delegate, self._reach = view, delegate, 0.0
        self.setFixedHeight(self.fontMetrics().height() + 8)
        self.hide()

    def show_reach(self, reach: float) -> None:
        self._reach = reach
        self.setVisible(reach > 0)
        self.setAccessibleName(f"Axis from 0 to {100 * reach:.3g} %")
        self.update()

    @property
    def ticks(self) -> list[float]:
        """Shares that have a mark."""
        step = next((step for step in _STEPS if self._reach / step < _MOST_TICKS), 0.5)
        return [i * step for i in range(int(self._reach / step + 1e-6) + 1)] if self._reach else []

    def place(self, share: float) -> float:
        """Where a share lies, from the left of this widget."""
        margin = self._view.viewport().mapTo(self._view, QPoint()).x() + _INSIDE
        begin, end = self._delegate.parts(self._view.fontMetrics(), self._view.viewport().width() - 2 * _INSIDE)
        return margin + begin + (end - begin) * share / self._reach

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        painter.setPen(QColor(theme.colors().muted))
        for share in self.ticks:
            x = self.place(share)
            painter.drawLine(QPointF(x, 0), QPointF(x, 3))
            painter.drawText(
                QRectF(x - 40, 5, 80, self.height() - 5), Qt.AlignmentFlag.AlignHCenter, f"{100 * share:g} %"
            )


def _shortened(metrics: QFontMetrics, row: BarRow, width: int) -> str:
    """The row's name in ``width`` pixels; of a pair, the longer side gives way."""
    middle = Qt.TextElideMode.ElideMiddle
    if not row.second or metrics.horizontalAdvance(row.full_name) <= width:
        return metrics.elidedText(row.full_name, middle, width)
    room = width - metrics.horizontalAdvance(" → ")
    first, second = (metrics.horizontalAdvance(name) for name in (row.name, row.second))
    for_first = max(room // 2, room - second) if first > room // 2 else first + 2  # fonts round their widths
    left = metrics.elidedText(row.name, middle, for_first)
    return f"{left} → {metrics.elidedText(row.second, middle, room - min(first, for_first))}"


class _View(QListView):
    pressed_enter = Signal(QModelIndex)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed_enter.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)


class BarList(QWidget):
    """Search field (for long lists), the bars, and a sentence where there are none."""

    chosen = Signal(object)
    """The key of the entry that was clicked, or that Enter or Space was pressed on."""

    def __init__(
        self,
        name: str,
        *,
        name_share: float = 0.4,
        text_width: int = 60,
        fixed_rows: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fixed_rows = fixed_rows
        self.search = finder("Search", f"Search {name}")
        self.model = BarModel(self)
        self.view = _View()
        self.view.setModel(self.model)
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setAccessibleName(name)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._delegate = BarDelegate(self.view, name_share=name_share, text_width=text_width)
        self.view.setItemDelegate(self._delegate)
        self.empty = label(wrap=True, muted=True)
        layout = bare(QVBoxLayout(self), spacing=4)
        self.scale = BarScale(self.view, self._delegate)
        for widget in (self.search, self.view, self.scale, self.empty):
            layout.addWidget(widget)
        self.search.textChanged.connect(self.model.search)
        self.view.clicked.connect(self._choose)
        self.view.pressed_enter.connect(self._choose)
        theme.notifier().changed.connect(self.view.viewport().update)

    def set_rows(self, rows: Sequence[BarRow], empty: str = "", *, reach: float = 0.0) -> None:
        """Show these; ``empty`` is what to say where there are none. The scroll position stays.

        ``reach`` is the share that the whole width of the bars stands for; it is written below them.
        """
        at, current = self.view.verticalScrollBar().value(), self.view.currentIndex().row()
        self.search.setVisible(len(rows) >= _SEARCH_FROM or bool(self.search.text()))
        self.model.set_rows(rows)
        self._delegate.fit(self.view.fontMetrics(), rows)
        self.view.setVisible(bool(rows))
        self.scale.show_reach(reach if rows else 0.0)
        self.empty.setText(empty)
        self.empty.setVisible(not rows)
        if 0 <= current < len(self.model.rows):
            self.view.setCurrentIndex(self.model.index(current))
        self.view.doItemsLayout()  # now: the scroll bar has no range before
        self.view.verticalScrollBar().setValue(at)
        if self._fixed_rows:
            shown = min(self._fixed_rows, max(1, len(rows)))
            self.view.setFixedHeight(shown * (self.fontMetrics().height() + 10) + 4)

    def highlight(self, key: Hashable) -> None:
        """Mark the entry that the selected sample belongs to."""
        if key != self._delegate.highlighted:
            self._delegate.highlighted = key
            self.view.viewport().update()

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.model.rows[index.row()].key)
