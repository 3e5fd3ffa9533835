"""The full image of one sample of the current comparison, decoded off the window's thread, and a larger view of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.widgets.flip_words import kind_color, sentence
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.workspace.workspace import Workspace

_CACHE_BYTES = 48 << 20
_NO_DATA = "Open the data set (Ctrl+D) to see the images."
_NOT_IN_DATA = "The open data set has no image for this sample."
_UNREADABLE = "The image is missing or cannot be read."
_STEPS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageUp: -10,
}


class SampleImage(ImageView):
    """An ``ImageView`` that is told a row; a newer row takes the place of one that is still being decoded.

    With ``follows`` it goes to the selected sample when other data are opened.
    """

    shown = Signal(object, str)
    """The image that is shown, or None and the note in its place."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None, *, follows: bool = True) -> None:
        super().__init__(parent)
        self._workspace, self._index, self._follows = workspace, -1, follows
        self._pool = workspace.thumbnails(self, _CACHE_BYTES)
        self._pool.arrived.connect(self._show)
        workspace.data_changed.connect(self._renew)

    def show_row(self, row: int | None) -> None:
        """Show a row of the current comparison, or nothing."""
        self._index = -1
        if self._workspace.comparison() is None or row is None:
            self.show_image(None)
            return
        if self._workspace.dataset is None:
            self.show_image(None, _NO_DATA)
            return
        self._index = self._workspace.images[row]
        if self._index < 0:
            self.show_image(None, _NOT_IN_DATA)
            return
        self._pool.want([self._index])
        self._show()

    def show_image(self, image: QImage | None, note: str = "") -> None:
        super().show_image(image, note)
        self.shown.emit(image, note)

    def _renew(self) -> None:
        self.show_row(self._workspace.selected if self._follows else None)

    def _show(self) -> None:
        image = self._pool.image(self._index) if self._index >= 0 else None
        if image is not None:
            self.show_image(image, self._pool.reason(self._index) or _UNREADABLE)


class Viewer(QWidget):
    """The sample alone, as large as the page.

    ``closed`` on Esc, Enter or Space; ``stepped`` carries by how many samples to move on.
    """

    closed = Signal()
    stepped = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setAccessibleName("Larger view")
        self.image = SampleImage(workspace)
        self.caption = label(wrap=True, bold=True)
        self.place = label(muted=True)
        hint = label("← → next    wheel zooms    Z fits    Esc back", muted=True)
        back = QToolButton()
        back.setText("← Back to the grid")
        back.clicked.connect(self.closed)
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(back)
        head.addWidget(self.caption, 1)
        head.addWidget(self.place)
        foot.addStretch(1)
        foot.addWidget(hint)
        layout = bare(QVBoxLayout(self))
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
