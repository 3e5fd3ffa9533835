"""What went wrong, as a sentence, with the trace one click away."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui import plain, theme


class ErrorPanel(QFrame):
    """A card that is hidden until there is something to tell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, card=True)
        self._glyph = plain.label("", bold=True, size=1.2)
        self.sentence = plain.label("", wrap=True)
        self._details = self._button("Details")
        self._details.setCheckable(True)
        close = self._button("Dismiss")
        close.clicked.connect(self.hide)
        self.trace = QPlainTextEdit(self)
        self.trace.setReadOnly(True)
        self.trace.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.trace.setFixedHeight(150)
        self.trace.setAccessibleName("Details of the problem")
        self._details.toggled.connect(self.trace.setVisible)
        row = QHBoxLayout()
        row.addWidget(self._glyph)
        row.addWidget(self.sentence, 1)
        row.addWidget(self._details)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE * 3 // 2, theme.SPACE // 2, theme.SPACE, theme.SPACE // 2)
        layout.addLayout(row)
        layout.addWidget(self.trace)
        theme.notifier().changed.connect(self._recolor)
        self._level = "error"
        self.hide()

    def _button(self, text: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        return button

    def tell(self, level: str, sentence: str, detail: str = "") -> None:
        """Show a problem; ``level`` is "error" or "warning"."""
        self._level = level
        self.sentence.setText(sentence)
        self.trace.setPlainText(detail)
        self._details.setChecked(False)
        self.trace.hide()
        self._details.setVisible(bool(detail))
        self._recolor()
        self.show()

    @Slot()
    def _recolor(self) -> None:
        c = theme.colors()
        color = c.wrong if self._level == "error" else c.both_wrong
        self._glyph.setText("✗" if self._level == "error" else "▲")
        self._glyph.setStyleSheet(f"color: {color};")
        back = theme.blend(c.panel, color, 0.12)
        self.setStyleSheet(f"ErrorPanel {{ background: {back}; border: 1px solid {color}; border-radius: 8px; }}")
