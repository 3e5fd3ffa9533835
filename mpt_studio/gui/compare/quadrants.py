"""The 2×2 table of old against update as four large buttons."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from mpt_studio.flips import FlipKind, Rates, wilson
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import kind_color
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, interval, label, percent
from mpt_studio.units import count

_QUADRANTS = (
    # kind, row, column, glyphs old → new, name
    (FlipKind.BOTH_RIGHT, 1, 1, f"{RIGHT} → {RIGHT}", "both right"),
    (FlipKind.NEGATIVE, 1, 2, f"{RIGHT} → {WRONG}", "negative flips"),
    (FlipKind.POSITIVE, 2, 1, f"{WRONG} → {RIGHT}", "positive flips"),
    (FlipKind.BOTH_WRONG, 2, 2, f"{WRONG} → {WRONG}", "both wrong"),
)


class Quadrant(QAbstractButton):
    """One cell: glyphs, count, share with its interval."""

    def __init__(self, kind: FlipKind, glyphs: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind, self._glyphs, self._name = kind, glyphs, name
        self._count, self._of, self._holds_selected = 0, 0, False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_count(self, number: int, of: int) -> None:
        self._count, self._of = number, of
        share = percent(number / of) if of else "–"
        self.setAccessibleName(f"{self._name}: {count(number)} of {count(of)}, {share}")
        self.setToolTip(f"Show {count(number, 'sample')}: {self._name}, {share} of {count(of)}")
        self.update()

    def mark_selected(self, here: bool) -> None:
        """Whether the selected sample is in this cell."""
        if here != self._holds_selected:
            self._holds_selected = here
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(170, 110)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 104)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, hue = theme.colors(), kind_color(self.kind)
        lively = self.underMouse() or self.hasFocus()
        painter.setBrush(QColor(theme.wash(hue, lively)))
        painter.setPen(QPen(QColor(colors.accent if self.hasFocus() else hue), 2 if self.hasFocus() else 1))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 6, 6)
        if self._holds_selected:
            painter.fillRect(QRect(2, 10, 4, self.height() - 20), QColor(colors.accent))
        inside = self.rect().adjusted(12, 8, -12, -8)
        self._paint_head(painter, inside, hue)
        self._paint_numbers(painter, inside)

    def _paint_head(self, painter: QPainter, box: QRect, hue: str) -> None:
        line = self.fontMetrics().height()
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(hue))
        painter.drawText(QRect(box.topLeft(), QSize(box.width(), line)), 0, self._glyphs)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.colors().muted))
        rest = QRect(box.x(), box.bottom() - line + 1, box.width(), line)
        painter.drawText(rest, 0, self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, box.width()))

    def _paint_numbers(self, painter: QPainter, box: QRect) -> None:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(theme.colors().text))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, count(self._count))
        if not self._of:
            return
        painter.setFont(self.font())
        share, line = percent(self._count / self._of), self.fontMetrics().height()
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, share)
        painter.setPen(QColor(theme.colors().muted))
        below = box.adjusted(0, line, 0, 0)
        bounds = interval(wilson(self._count, self._of))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, bounds)


class Quadrants(QWidget):
    """The table; ``chosen`` carries the kind of flip that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = bare(QGridLayout(self), spacing=theme.SPACE)
        for text, row, column in (
            (f"Update {RIGHT}", 0, 1),
            (f"Update {WRONG}", 0, 2),
            (f"Old {RIGHT}", 1, 0),
            (f"Old {WRONG}", 2, 0),
        ):
            head = label(text, muted=True)
            head.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(head, row, column)
        self.cells: dict[FlipKind, Quadrant] = {}
        for kind, row, column, glyphs, name in _QUADRANTS:
            cell = Quadrant(kind, glyphs, name, self)
            cell.clicked.connect(lambda _=False, kind=kind: self.chosen.emit(int(kind)))
            grid.addWidget(cell, row, column)
            self.cells[kind] = cell
        for line in (1, 2):
            grid.setRowStretch(line, 1)
            grid.setColumnStretch(line, 1)
        theme.notifier().changed.connect(self._repaint)

    def show_rates(self, rates: Rates) -> None:
        counts = {
            FlipKind.BOTH_RIGHT: rates.both_right,
            FlipKind.NEGATIVE: rates.negative_flips,
            FlipKind.POSITIVE: rates.positive_flips,
            FlipKind.BOTH_WRONG: rates.both_wrong,
        }
        for kind, cell in self.cells.items():
            cell.show_count(counts[kind], rates.samples)

    def highlight(self, kind: int | None) -> None:
        """Mark the cell of the selected sample."""
        for each, cell in self.cells.items():
            cell.mark_selected(kind is not None and each == kind)

    def _repaint(self) -> None:
        for cell in self.cells.values():
            cell.update()
