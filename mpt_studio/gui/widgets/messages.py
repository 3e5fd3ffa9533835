"""What went wrong or what is needed, as a sentence with its details one click away.

``Banner`` floats over the page, ``ErrorPanel`` is a card of it; ``DetailDialog`` shows a trace apart.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label

GLYPHS = {"info": ("·", "muted"), "warning": ("▲", "both_wrong"), "error": ("✗", "wrong")}
"""Of each level: a sign and the field of ``Colors`` that it is drawn in."""
_ICONS = {"warning": ("warning", "both_wrong"), "error": ("error", "wrong"), "news": ("check", "right")}
_WIDEST = 800
"""Pixels of a banner."""


class Banner(QWidget):
    """Shows the latest warning, error or piece of news until it is closed; information goes to the log only.

    It floats over what it lies on: nothing that is read or pointed at moves when it comes or goes.
    """

    told = Signal()
    """There is something to read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Message")
        self._level = self._detail = ""
        self._shown = ("error", "wrong")
        self._icon = QLabel()
        self.text = label(wrap=True)
        self.details = QPushButton("Details")
        self.details.clicked.connect(self._open)
        self.action = QPushButton()
        self.action.hide()
        self.action.clicked.connect(self._act)
        self._deed: Callable[[], object] | None = None
        close = QToolButton()
        theme.set_icon(close, "close")
        close.setIconSize(QSize(14, 14))
        close.setToolTip("Dismiss")
        close.setAccessibleName("Dismiss the message")
        close.clicked.connect(self.hide)
        self._card, around = QFrame(), QVBoxLayout(self)
        around.setContentsMargins(*4 * [theme.SPACE])
        around.addWidget(self._card)
        self.setMaximumWidth(_WIDEST)
        layout = QHBoxLayout(self._card)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self._icon)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.details)
        layout.addWidget(self.action)
        layout.addWidget(close)
        theme.notifier().changed.connect(self._paint)
        self.hide()

    @Slot(str, str, str)
    def tell(self, level: str, sentence: str, detail: str = "") -> None:
        """Show a warning, an error or news."""
        if level not in _ICONS:
            return
        self._level, self._shown, self._detail = level, _ICONS[level], detail
        self.text.setText(sentence)
        self.setAccessibleDescription(sentence)
        self.details.setVisible(bool(detail))
        self.action.hide()
        theme.mark(self._card, banner=level)
        self._paint()
        self.show()
        self.told.emit()

    def offer(self, text: str, deed: Callable[[], object]) -> None:
        """Add a button to the message on show that does what it asks for."""
        self._deed = deed
        self.action.setText(text)
        self.action.setAccessibleName(text)
        self.action.show()

    def settle(self, only_asked: bool = False) -> None:
        """What was said of the last thing that was opened, or ``only_asked`` for, matters no more; news still do."""
        if self._level != "news" and not (only_asked and self.action.isHidden()):
            self.hide()

    def _act(self) -> None:
        self.hide()
        if self._deed is not None:
            self._deed()

    def _paint(self) -> None:
        self._icon.setPixmap(theme.icon(*self._shown).pixmap(QSize(18, 18), self.devicePixelRatio()))

    def _open(self) -> None:
        DetailDialog(self.text.text(), self._detail, self.window()).open()


class ErrorPanel(QFrame):
    """A card that is hidden until there is something to tell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, card=True)
        self._glyph = label("", bold=True, size=1.2)
        self.sentence = label("", wrap=True)
        self._details = self._button("Details")
        self._details.setCheckable(True)
        close = self._button("Dismiss")
        close.clicked.connect(self.hide)
        self.trace = _trace("Details of the problem")
        self.trace.setFixedHeight(150)
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
        glyph, role = GLYPHS[self._level]
        color = theme.color(role)
        self._glyph.setText(glyph)
        self._glyph.setStyleSheet(f"color: {color};")
        back = theme.wash(color)
        self.setStyleSheet(f"ErrorPanel {{ background: {back}; border: 1px solid {color}; border-radius: 8px; }}")


class DetailDialog(QDialog):
    """A sentence and its trace, to read and to copy."""

    def __init__(self, sentence: str, detail: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Details")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 420)
        heading = label(sentence, wrap=True)
        text = _trace("Details")
        text.setPlainText(detail)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{sentence}\n\n{detail}"))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        for widget in (heading, text, buttons):
            layout.addWidget(widget)


def _trace(name: str) -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setReadOnly(True)
    made.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    made.setAccessibleName(name)
    return made
