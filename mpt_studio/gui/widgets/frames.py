"""What pages and panels are made in: the page itself, its frames, a dock's body, a sentence where nothing is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label


def framed(title: str, content: QWidget, *below: QWidget) -> QFrame:
    """A frame with a title over its content."""
    made = QFrame()
    theme.mark(made, card=True)
    layout = QVBoxLayout(made)
    layout.setContentsMargins(12, 8, 12, 12)
    made.setAccessibleName(title)
    layout.addWidget(label(title, bold=True))
    layout.addWidget(content, 1)
    for widget in below:
        layout.addWidget(widget)
    return made


def scrolled(content: QWidget) -> QScrollArea:
    """An area as wide as its content, without a frame; the keyboard goes to what is inside."""
    made = QScrollArea(widgetResizable=True)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setWidget(content)
    return made


class Page(QWidget):
    """What the window may ask of any page; a page answers what concerns it."""

    foot: QWidget | None = None
    """What stands at its lower edge and is pressed next: messages float above it."""

    def refit(self) -> None:
        """Fit its charts to their data."""

    def renew(self) -> None:
        """An update has ended, or the window is in front again: the store may have changed."""

    def close_page(self) -> None:
        """The window closes: end what runs."""


class RefreshedWhenSeen(Page):
    """A page that reads the workspace only while it is seen.

    It says in ``_refresh`` how it reads it; listeners call ``refresh``. Where what it shows is of another comparison,
    ``follow`` is called: hidden, it lets go of that at once, for what it holds is asked for from elsewhere as well.
    """

    _stale = True
    """Whether the workspace has changed since the page read it."""

    def refresh(self) -> None:
        """Read the workspace, now or when the page is next seen."""
        self._stale = True
        if self.isVisible():
            self._read()

    def follow(self) -> None:
        """The comparison is another one."""
        self.refresh()
        if self._stale:
            self._let_go()

    def _let_go(self) -> None:
        """Hold nothing of the comparison before."""

    def _read(self) -> None:
        self._stale = False
        self._refresh()

    def _refresh(self) -> None:
        raise NotImplementedError

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._read()


class ClickCard(QFrame):
    """A large button that holds other widgets: a click, Enter or Space chooses it."""

    clicked = Signal()

    def __init__(self, name: str, description: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("choice", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)
        self.setAccessibleDescription(description)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class FoldButton(QToolButton):
    """Opens and closes what is below it."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setArrowType(Qt.ArrowType.RightArrow)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggled.connect(self._turn)

    @Slot(bool)
    def _turn(self, is_open: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)


class ThinBar(QProgressBar):
    """How much is done, as a line without words."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(0, 1000)
        self.setTextVisible(False)
        self.setFixedHeight(8)
        self.setAccessibleName(name)

    def show_share(self, share: float) -> None:
        """From 0 to 1."""
        self.setValue(round(share * self.maximum()))


class DockPanel(QScrollArea):
    """The body of a dock, as wide as the dock is."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setProperty("dockBody", True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def put(self, body: QWidget) -> None:
        """Show this instead of what was shown."""
        before = self.takeWidget()  # setWidget would delete it at once, maybe inside its own mouse event
        self.setWidget(body)
        if before is not None:
            before.hide()
            before.deleteLater()


class EmptyPage(QWidget):
    """A muted sentence in the middle; the button is there only where it helps."""

    asked = Signal()

    def __init__(self, button: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentence = label(wrap=True, muted=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(button)
        self.button.setAccessibleName(button.rstrip("…"))
        self.button.clicked.connect(lambda *_: self.asked.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * [6 * theme.SPACE])
        layout.setSpacing(2 * theme.SPACE)
        layout.addStretch(2)
        layout.addWidget(self._sentence)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def tell(self, sentence: str, offers: bool = False) -> None:
        """Show a sentence, with or without the button."""
        self._sentence.setText(sentence)
        self.button.setVisible(offers)

    def text(self) -> str:
        """The sentence on show."""
        return self._sentence.text()
