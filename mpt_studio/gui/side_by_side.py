"""Two to four samples beside one another, or one under two versions; zoom and pan go together."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.gui import theme
from mpt_studio.gui.explanations import Explanations
from mpt_studio.gui.flip_card import kind_color, sentence
from mpt_studio.gui.plain import label
from mpt_studio.gui.saliency_view import SaliencyView
from mpt_studio.gui.sample_image import SampleImage
from mpt_studio.gui.workspace import Workspace

MOST = 4


class SideBySide(QWidget):
    """``closed`` on Esc, Enter, Space or C."""

    closed = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setAccessibleName("Side by side")
        self.images = [SampleImage(workspace, follows=False) for _ in range(MOST)]
        self.captions = [label(wrap=True, bold=True) for _ in range(MOST)]
        self._columns = [self._column(i) for i in range(MOST)]
        self.caption, self.versions = label(wrap=True, bold=True), SaliencyView(workspace)
        self.versions.follow(self.images[0])
        self.versions.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        back = QToolButton()
        back.setText("← Back to the grid")
        back.clicked.connect(self.closed)
        hint = label("wheel zooms all    drag pans all    Z fits    Esc back")
        theme.mark(hint, muted=True)
        self._several = QWidget()
        head, row = QHBoxLayout(), QHBoxLayout(self._several)
        row.setContentsMargins(0, 0, 0, 0)
        head.addWidget(back)
        head.addStretch(1)
        head.addWidget(hint)
        row.setSpacing(theme.SPACE)
        for column in self._columns:
            row.addWidget(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.caption)
        layout.addWidget(self.versions, 1)
        layout.addWidget(self._several, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _column(self, i: int) -> QWidget:
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.captions[i])
        layout.addWidget(self.images[i], 1)
        self.images[i].setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.images[i].looked.connect(partial(self._follow, i))
        return column

    def show_rows(self, rows: np.ndarray) -> None:
        """Show the first rows of the current comparison, ``MOST`` at most; one alone under both versions."""
        comparison = self._workspace.comparison()
        if comparison is None:
            return
        alone = len(rows) == 1
        self.caption.setVisible(alone)
        self.versions.setVisible(alone)
        self._several.setVisible(not alone)
        if alone:
            _title(self.caption, comparison, int(rows[0]))
            Explanations.of(self._workspace).show(int(rows[0]))
        for i, (image, caption, column) in enumerate(zip(self.images, self.captions, self._columns, strict=True)):
            column.setVisible(i < len(rows))
            image.show_row(int(rows[i]) if i < len(rows) else None)
            if i < len(rows):
                _title(caption, comparison, int(rows[i]))

    def _follow(self, leader: int, zoom: float, x: float, y: float) -> None:
        for i, image in enumerate(self.images):
            if i != leader:
                image.look(zoom, x, y)

    def close_threads(self) -> None:
        """Stop decoding."""
        for image in self.images:
            image.close_pool()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        leave = (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_C)
        if event.key() in leave:
            self.closed.emit()
        elif self.versions.isVisible():
            self.versions.panes[0].image.keyPressEvent(event)
        else:
            self.images[0].keyPressEvent(event)


def _title(caption: QLabel, comparison: Comparison, row: int) -> None:
    caption.setText(sentence(comparison, row))
    caption.setStyleSheet(f"color: {kind_color(int(comparison.kinds[row]))}")
