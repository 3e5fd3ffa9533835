"""The start page: three large choices, the hint that things can be dropped, and recent work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.frames import ClickCard, Page
from mpt_studio.gui.widgets.plain import label

if TYPE_CHECKING:
    from mpt_studio.gui.window.recent_work import Work
    from mpt_studio.gui.window.work_card import WorkCard

_ABOVE = 0.12
"""Share of the page above the heading."""
_WIDE = 3 * 320 + 4 * theme.SPACE
"""Pixels that recent work takes at most."""

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


class ChoiceCard(ClickCard):
    """A large button with an icon, a title and a sentence."""

    def __init__(self, icon: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(title, text, parent)
        self._icon_name = icon
        self.setMinimumSize(160, 170)
        self.setMaximumSize(320, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)  # as high beside work as without
        self._icon = QLabel()
        heading = label(title, wrap=True)
        heading.setProperty("subheading", True)
        sentence = label(text, wrap=True)
        sentence.setProperty("muted", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(theme.SPACE)
        for widget in (self._icon, heading, sentence):
            layout.addWidget(widget)
        layout.addStretch()
        self._paint_icon()
        theme.notifier().changed.connect(self._paint_icon)

    def _paint_icon(self) -> None:
        self._icon.setPixmap(theme.icon(self._icon_name, "accent").pixmap(QSize(32, 32), self.devicePixelRatio()))


class Welcome(Page):
    """What an empty window offers, and what was worked on."""

    chosen = Signal(str)
    """Id of the action."""
    work_chosen = Signal(object)
    """A ``Work`` to open."""
    wanted = Signal()
    """Recent work is to be read anew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Start")
        self.cards: dict[str, ChoiceCard] = {}
        self.work: list[WorkCard] = []
        body = QWidget()
        self._layout = QVBoxLayout(body)
        self._layout.setSpacing(theme.SPACE)
        heading = label("Replace a deployed classifier without breaking what it got right", wrap=True)
        heading.setProperty("heading", True)
        intro = label(
            "Train updates that keep the old model's right answers, compare them, look at every flip.", wrap=True
        )
        intro.setProperty("muted", True)
        hint = label("Or drop checkpoints, predictions or a folder of images anywhere on this window.", wrap=True)
        hint.setProperty("muted", True)
        self._layout.addWidget(_centred(heading))
        self._layout.addWidget(_centred(intro))
        self._layout.addSpacing(2 * theme.SPACE)
        self._layout.addLayout(self._cards())
        self._layout.addSpacing(theme.SPACE)
        self._layout.addWidget(_centred(hint))
        self._layout.addSpacing(2 * theme.SPACE)
        self._layout.addLayout(self._recent())
        self._layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        outer = bare(QVBoxLayout(self))
        outer.addWidget(scroll)

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

    def _recent(self) -> QHBoxLayout:
        self._title = label("Recent work")
        self._title.setProperty("subheading", True)
        self._title.hide()
        self._lines = QVBoxLayout()
        self._lines.setSpacing(theme.SPACE)
        holder = QWidget()
        holder.setMaximumWidth(_WIDE)
        column = bare(QVBoxLayout(holder))
        column.addWidget(self._title)
        column.addLayout(self._lines)
        row = QHBoxLayout()
        row.setSpacing(2 * theme.SPACE)
        row.addStretch(1)
        row.addWidget(holder, 3 * 4)  # as wide as the choices above it
        row.addStretch(1)
        return row

    @Slot(object)
    def show_work(self, found: Sequence[Work]) -> None:
        """Lines of recent work; the keyboard stays where it was."""
        if found == [card.work for card in self.work]:
            return
        from mpt_studio.gui.window.work_card import WorkCard

        focused = next((at for at, card in enumerate(self.work) if card.hasFocus()), -1)
        for card in self.work:
            card.hide()
            card.deleteLater()
        self.work = [WorkCard(work) for work in found]
        for card in self.work:
            card.clicked.connect(lambda work=card.work: self.work_chosen.emit(work))
            self._lines.addWidget(card)
        self._title.setVisible(bool(self.work))
        if 0 <= focused < len(self.work):
            self.work[focused].setFocus()

    def renew(self) -> None:
        self.wanted.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.wanted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The choices have their place whether or not there is work below: what comes later moves nothing."""
        super().resizeEvent(event)
        top = max(3 * theme.SPACE, round(_ABOVE * self.height()))
        self._layout.setContentsMargins(4 * theme.SPACE, top, 4 * theme.SPACE, 3 * theme.SPACE)


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
