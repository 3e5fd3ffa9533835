"""The empty window: three large choices and the hint that things can be dropped."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.widgets.plain import label

CHOICES = (
    (
        "try_now",
        "try",
        "Try it now",
        "Train an old model and three updates on built-in images and see what broke. A few minutes, no questions.",
    ),
    (
        "update_model",
        "update",
        "Update my model…",
        "Your data and your deployed model: train updates that keep what it gets right.",
    ),
    (
        "compare_two",
        "compare",
        "Compare two versions…",
        "Two checkpoints or two files of predictions: which images did the new one get wrong?",
    ),
)
"""(action id, icon, title, text)"""


class ChoiceCard(QFrame):
    """A large button with an icon, a title and a sentence."""

    clicked = Signal()

    def __init__(self, icon: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon
        self.setProperty("choice", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setMinimumSize(160, 190)
        self.setMaximumSize(320, 260)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._icon = QLabel()
        heading = label(title, wrap=True)
        heading.setProperty("subheading", True)
        sentence = label(text, wrap=True)
        sentence.setProperty("muted", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 20)
        layout.setSpacing(theme.SPACE)
        for widget in (self._icon, heading, sentence):
            layout.addWidget(widget)
        layout.addStretch()
        self._paint_icon()
        theme.notifier().changed.connect(self._paint_icon)

    def _paint_icon(self) -> None:
        self._icon.setPixmap(theme.icon(self._icon_name, "accent").pixmap(QSize(32, 32), self.devicePixelRatio()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class Welcome(Page):
    """What an empty window offers."""

    chosen = Signal(str)
    """Id of the action."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Start")
        self.cards: dict[str, ChoiceCard] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 24, 32, 24)
        layout.setSpacing(theme.SPACE)
        layout.addStretch(2)
        heading = label("Replace a deployed classifier without breaking what it got right", wrap=True)
        heading.setProperty("heading", True)
        layout.addWidget(_centred(heading))
        intro = label(
            "Train updates that keep the old model's right answers, compare them, look at every flip.", wrap=True
        )
        intro.setProperty("muted", True)
        layout.addWidget(_centred(intro))
        layout.addSpacing(3 * theme.SPACE)
        layout.addLayout(self._cards())
        layout.addSpacing(2 * theme.SPACE)
        hint = label("Or drop checkpoints, predictions or a folder of images anywhere on this window.", wrap=True)
        hint.setProperty("muted", True)
        layout.addWidget(_centred(hint))
        layout.addStretch(3)

    def _cards(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2 * theme.SPACE)
        row.addStretch(1)
        for key, icon, title, text in CHOICES:
            card = self.cards[key] = ChoiceCard(icon, title, text)
            card.clicked.connect(lambda key=key: self.chosen.emit(key))
            row.addWidget(card, 4)
        row.addStretch(1)
        return row


def _centred(text: QLabel) -> QLabel:
    text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
    return text


_TEXT = "Drop to open: weights of any origin, predictions, images,\nor a CSV table with metadata of the samples"
_MARGIN = 12


class DropHint(QWidget):
    """A calm frame over the whole window; it takes no mouse events."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(_TEXT.replace("\n", " "))
        self.hide()

    def appear(self) -> None:
        """Cover the window."""
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, colors = QPainter(self), theme.colors()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colors.background)
        veil.setAlphaF(0.72)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(QColor(colors.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN), 10, 10)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _TEXT)
        painter.end()
