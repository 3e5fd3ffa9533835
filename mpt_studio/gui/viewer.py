"""One sample large, over the grid: arrows go to the next, Z fits, Esc goes back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui import theme
from mpt_studio.gui.flip_card import kind_color, sentence
from mpt_studio.gui.plain import label
from mpt_studio.gui.sample_image import SampleImage
from mpt_studio.gui.workspace import Workspace

_STEPS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageUp: -10,
}


class Viewer(QWidget):
    """``closed`` on Esc, Enter or Space; ``stepped`` carries by how many samples to move on."""

    closed = Signal()
    stepped = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setAccessibleName("Larger view")
        self.image = SampleImage(workspace)
        self.caption = label(wrap=True, bold=True)
        self.place = label()
        theme.mark(self.place, muted=True)
        hint = label("← → next    wheel zooms    Z fits    Esc back")
        theme.mark(hint, muted=True)
        back = QToolButton()
        back.setText("← Back to the grid")
        back.clicked.connect(self.closed)
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(back)
        head.addWidget(self.caption, 1)
        head.addWidget(self.place)
        foot.addStretch(1)
        foot.addWidget(hint)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.image, 1)
        layout.addLayout(foot)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.image.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_row(self, row: int, position: int, of: int) -> None:
        """Show a row of the current comparison; it is number ``position`` (from 0) of ``of`` in the grid."""
        comparison = self._workspace.comparison()
        if comparison is None:
            return
        self.image.show_row(row)
        self.caption.setText(sentence(comparison, row))
        self.caption.setStyleSheet(f"color: {kind_color(int(comparison.kinds[row]))}")
        self.place.setText(f"{position + 1:,} of {of:,}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.closed.emit()
        elif key in _STEPS:
            self.stepped.emit(_STEPS[key])
        else:
            self.image.keyPressEvent(event)
