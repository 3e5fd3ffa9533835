"""A page without content: a sentence that says what is missing, and the button that brings it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from mpt_studio.gui import theme
from mpt_studio.gui.plain import label, listed
from mpt_studio.gui.workspace import Workspace


class EmptyPage(QWidget):
    """A muted sentence in the middle; the button is there only where it helps."""

    asked = Signal()

    def __init__(self, button: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentence = label(wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.mark(self._sentence, muted=True)
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


def why_waiting(workspace: Workspace) -> str:
    """Which checkpoints wait for images to answer on; empty where none does."""
    names = [version.label for version in workspace.waiting_for_data]
    if not names:
        return ""
    wait = "waits" if len(names) == 1 else "wait"
    return f"{listed(names)} {wait} for data: open the images that they should answer on."


def what_runs(workspace: Workspace) -> str:
    """What the comparison on show still needs; empty where versions are missing."""
    old, current = workspace.old, workspace.current
    if old is None or current is None:
        return ""
    unknown = [version.label for version in (old, current) if version.predictions is None]
    if unknown:
        return f"{' and '.join(unknown)}: being evaluated; the comparison appears here."
    return f"Comparing {current.label} with {old.label}…"
