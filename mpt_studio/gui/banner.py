"""A sentence across the top of the page: what went wrong or what is needed, with details one click away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from mpt_studio.gui import theme
from mpt_studio.gui.log_panel import DetailDialog
from mpt_studio.gui.plain import label

_ICONS = {"warning": ("warning", "both_wrong"), "error": ("error", "wrong")}


class Banner(QFrame):
    """Shows the latest warning or error until it is closed; information goes to the log only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Message")
        self._detail = ""
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
        layout = QHBoxLayout(self)
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
        """Show a warning or an error."""
        if level not in _ICONS:
            return
        self._shown, self._detail = _ICONS[level], detail
        self.text.setText(sentence)
        self.setAccessibleDescription(sentence)
        self.details.setVisible(bool(detail))
        self.action.hide()
        theme.mark(self, banner=level)
        self._paint()
        self.show()

    def offer(self, text: str, deed: Callable[[], object]) -> None:
        """Add a button to the message on show that does what it asks for."""
        self._deed = deed
        self.action.setText(text)
        self.action.setAccessibleName(text)
        self.action.show()

    def _act(self) -> None:
        self.hide()
        if self._deed is not None:
            self._deed()

    def _paint(self) -> None:
        pixmap = theme.icon(*self._shown).pixmap(QSize(18, 18), self.devicePixelRatio())
        self._icon.setPixmap(pixmap)

    def _open(self) -> None:
        DetailDialog(self.text.text(), self._detail, self.window()).open()
