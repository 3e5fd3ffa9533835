"""The log's title line: the last sentence and how far the running job is; a click folds the log out and in."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QToolButton, QWidget

from mpt_studio.gui import theme
from mpt_studio.gui.log_panel import GLYPHS, LogPanel
from mpt_studio.gui.plain import set_tip

_QUIET = "Nothing to report."


class LastLine(QWidget):
    """One sentence, elided where it has no room; a click is heard."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level, self.text = "info", _QUIET
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, level: str, text: str) -> None:
        """Show a sentence in its level's colour."""
        self.level, self.text = level, text
        self.setAccessibleName(text)
        set_tip(self, text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, colors = QPainter(self), theme.colors()
        glyph, hue = GLYPHS[self.level]
        painter.setPen(QColor(colors.muted if self.level == "info" else getattr(colors, hue)))
        said = self.text if self.level == "info" else f"{glyph} {self.text}"
        said = self.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class LogStrip(QWidget):
    """Follows a ``LogPanel``: while a job runs its words stand here, else the last sentence of the log."""

    clicked = Signal()
    """The log shall fold out or in."""

    def __init__(self, log: LogPanel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self.line = LastLine(self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(140, 8)
        self.bar.setAccessibleName("Progress of the running job")
        self.bar.hide()
        self.fold = QToolButton(self)
        self.fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.fold)
        self.line.clicked.connect(self.clicked)
        self.fold.clicked.connect(lambda *_: self.clicked.emit())
        log.said.connect(self._refresh)
        log.moved.connect(self._refresh)
        log.folded.connect(self._show_fold)
        theme.notifier().changed.connect(self.line.update)
        self._show_fold(True)

    @Slot()
    def _refresh(self) -> None:
        row = self._log.rows[0] if self._log.rows else None
        self.bar.setVisible(row is not None)
        if row is None:
            self.line.show_text(*(self._log.last or ("info", _QUIET)))
            return
        self.line.show_text("info", row.sentence)
        self.bar.setRange(row.bar.minimum(), row.bar.maximum())
        self.bar.setValue(row.bar.value())

    @Slot(bool)
    def _show_fold(self, folded: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.UpArrow if folded else Qt.ArrowType.DownArrow)
        words = "Show the log" if folded else "Fold the log to one line"
        self.fold.setToolTip(words)
        self.fold.setAccessibleName(words)
