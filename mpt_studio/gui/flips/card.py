"""One card of the image grid: image, truth, both answers with glyphs, margin drop."""

from __future__ import annotations

import functools

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen

from mpt_studio.compare import Comparison
from mpt_studio.compare.finding.filters import MARK_WORDS
from mpt_studio.flips import NEW_RIGHT, OLD_RIGHT, Mark
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import MARK_KEYS, drop_text, mark_color
from mpt_studio.gui.widgets.plain import RIGHT, WRONG

PAD = 6
GAP = 4
_NARROWEST = 100
_BADGE = 4
_SHEET = 13


class CardPainter:
    """Draws cards of one size; fonts, colours and shortened names are kept between cards."""

    def __init__(self, font: QFont, thumbnail: int) -> None:
        self.thumbnail = thumbnail
        self._font, self._bold = QFont(font), QFont(font)
        self._bold.setBold(True)
        self._metrics, self._bold_metrics = QFontMetrics(self._font), QFontMetrics(self._bold)
        self._line = self._metrics.height()
        self._prefix = max(self._metrics.horizontalAdvance(f"{side} {RIGHT} ") for side in ("old", "new"))
        self._shorten = functools.lru_cache(maxsize=8192)(self._elide)
        self._set_colors()

    def _set_colors(self) -> None:
        c = theme.colors()
        self.text, self.muted, self.panel = QColor(c.text), QColor(c.muted), QColor(c.panel)
        self.right, self.wrong = QColor(c.right), QColor(c.wrong)
        self.selected = QColor(theme.selected())
        self.hover = QColor(theme.blend(c.panel, c.text, 0.05))
        self.empty = QColor(theme.blend(c.panel, c.text, 0.07))
        self.frame, self.accent = QPen(QColor(c.border), 1), QPen(QColor(c.accent), 2)

    def size(self) -> QSize:
        """Least size of a cell, the gap to its neighbours included."""
        width = max(self.thumbnail, _NARROWEST) + 2 * PAD + GAP
        return QSize(width, self.thumbnail + 3 * self._line + 3 * PAD + GAP)

    def paint(
        self,
        painter: QPainter,
        cell: QRect,
        comparison: Comparison,
        row: int,
        image: QImage | None,
        *,
        selected: bool = False,
        current: bool = False,
        hovered: bool = False,
        noted: bool = False,
    ) -> None:
        card = cell.adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)
        painter.fillRect(card, self.selected if selected else self.hover if hovered else self.panel)
        painter.setPen(self.accent if current else self.frame)
        painter.drawRect(card.adjusted(1, 1, -1, -1) if current else card.adjusted(0, 0, -1, -1))
        picture = QRect(card.x() + PAD, card.y() + PAD, card.width() - 2 * PAD, self.thumbnail)
        self._paint_image(painter, picture, image)
        if mark := int(comparison.marks[row]):
            self._paint_mark(painter, picture, Mark(mark))
        if noted:
            self._paint_note(painter, picture)
        box = QRect(card.x() + PAD, card.y() + 2 * PAD + self.thumbnail, card.width() - 2 * PAD, self._line)
        self._paint_truth(painter, box, comparison, row)
        kind = int(comparison.kinds[row])
        box.translate(0, self._line)
        self._paint_answer(painter, box, "old", comparison.names[comparison.old_answer[row]], kind in OLD_RIGHT)
        box.translate(0, self._line)
        self._paint_answer(painter, box, "new", comparison.names[comparison.new_answer[row]], kind in NEW_RIGHT)

    def _paint_image(self, painter: QPainter, box: QRect, image: QImage | None) -> None:
        if image is None or image.isNull():
            square = QRect(
                box.center() - QPoint(self.thumbnail // 2, self.thumbnail // 2), QSize(*2 * [self.thumbnail])
            )
            painter.fillRect(square, self.empty)
            if image is not None:
                painter.setPen(self.muted)
                painter.drawText(square, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, "no image")
            return
        size = image.size().scaled(self.thumbnail, self.thumbnail, Qt.AspectRatioMode.KeepAspectRatio)
        at = QPoint(box.x() + (box.width() - size.width()) // 2, box.y() + (box.height() - size.height()) // 2)
        painter.drawImage(QRect(at, size), image)

    def _paint_mark(self, painter: QPainter, box: QRect, mark: Mark) -> None:
        """A badge in the corner: key and word, or the key alone."""
        painter.setFont(self._bold)
        text = f"{MARK_KEYS[mark]} {MARK_WORDS[mark]}"
        if self._bold_metrics.horizontalAdvance(text) + 2 * _BADGE > box.width():
            text = MARK_KEYS[mark]
        width = self._bold_metrics.horizontalAdvance(text) + 2 * _BADGE
        badge = QRect(box.right() - width, box.y(), width, self._line + 2)
        painter.fillRect(badge, self.panel)
        painter.setPen(QPen(QColor(mark_color(mark)), 1))
        painter.drawRect(badge)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_note(self, painter: QPainter, box: QRect) -> None:
        """A sheet with three lines in the other corner."""
        sheet = QRect(box.x(), box.y(), _SHEET, _SHEET + 2)
        painter.fillRect(sheet, self.panel)
        painter.setPen(QPen(self.text, 1))
        painter.drawRect(sheet)
        for line in range(3):
            y = sheet.y() + 4 + 4 * line
            painter.drawLine(sheet.x() + 3, y, sheet.right() - 3 - 2 * (line == 2), y)

    def _paint_truth(self, painter: QPainter, box: QRect, comparison: Comparison, row: int) -> None:
        drop = drop_text(float(comparison.at("margin_drop", np.array([row]))[0]))  # under an offset of this row alone
        taken = self._metrics.horizontalAdvance(drop) + PAD
        painter.setFont(self._bold)
        painter.setPen(self.text)
        name = self._shorten(comparison.names[comparison.truth[row]], box.width() - taken, True)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(self._font)
        painter.setPen(self.muted)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, drop)

    def _paint_answer(self, painter: QPainter, box: QRect, side: str, name: str, right: bool) -> None:
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self.muted)
        painter.drawText(box, flags, side)
        painter.setPen(self.right if right else self.wrong)
        rest = box.adjusted(self._prefix - self._metrics.horizontalAdvance(f"{RIGHT} "), 0, 0, 0)
        text = self._shorten(f"{RIGHT if right else WRONG} {name}", rest.width(), False)
        painter.drawText(rest, flags, text)

    def _elide(self, text: str, width: int, bold: bool) -> str:
        metrics = self._bold_metrics if bold else self._metrics
        return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, width)
