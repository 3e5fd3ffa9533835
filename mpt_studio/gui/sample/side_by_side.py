"""Two to four samples beside one another, or one under two versions; zoom and pan go together."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.gui.sample.image import SampleImage
from mpt_studio.gui.sample.saliency import SaliencyView
from mpt_studio.gui.sample.side_saliency import SideSaliency
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import kind_color, sentence
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.workspace.workspace import Workspace

MOST = 4
_LEAST = 220
"""Pixels of width that an image and its caption need."""
_HINT = "wheel\u00a0zooms\u00a0all    drag\u00a0pans\u00a0all    Z\u00a0fits    Esc\u00a0back"


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
        self.looks = SideSaliency(workspace, self.images)
        self.told, self.hint = label(wrap=True, muted=True), label(wrap=True, muted=True)
        self.looks.told.connect(self._tell)
        self._several, head = QWidget(), QWidget()
        self._grid = bare(QGridLayout(self._several), spacing=theme.SPACE)
        tools = FlowLayout(head, spacing=2 * theme.SPACE)
        tools.addWidget(back)
        tools.addWidget(self.looks)
        layout = bare(QVBoxLayout(self))
        for part in (head, self.told, self.caption):
            layout.addWidget(part)
        layout.addWidget(self.versions, 1)
        layout.addWidget(self._several, 1)
        layout.addWidget(self.hint)
        self._rows: list[int] = []
        self._of: Comparison | None = None
        self._across = 0
        self._tell("")
        theme.notifier().changed.connect(self._write_titles)
        workspace.comparison_changed.connect(self._follow_comparison)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        key = QShortcut(QKeySequence("S"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        key.activated.connect(self._toggle_looks)  # wherever the keyboard is, on a choice too

    def _toggle_looks(self) -> None:
        self.looks.switch.toggle() if self.looks.isVisible() else self.versions.toggle()

    def _column(self, i: int) -> QWidget:
        column = QWidget()
        layout = bare(QVBoxLayout(column))
        layout.addWidget(self.captions[i])
        layout.addWidget(self.images[i], 1)
        self.images[i].setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.images[i].looked.connect(partial(self._follow, i))
        return column

    def show_rows(self, rows: np.ndarray) -> None:
        """Show the first rows of the current comparison, ``MOST`` at most; one alone under both versions."""
        self._of = comparison = self._workspace.comparison()
        if comparison is None:
            return
        alone = len(rows) == 1
        self.caption.setVisible(alone)
        self.versions.setVisible(alone)
        self._several.setVisible(not alone)
        self.looks.setVisible(not alone)
        self._rows = [int(row) for row in rows[:MOST]]
        self.hint.setText(f"{_HINT}    S\u00a0where\u00a0{'they' if alone else 'it'}\u00a0look{'' if alone else 's'}")
        if alone:
            self._workspace.explanations.show(int(rows[0]))
        self.looks.show_rows([] if alone else self._rows)
        for i, (image, column) in enumerate(zip(self.images, self._columns, strict=True)):
            column.setVisible(i < len(rows))
            image.show_row(int(rows[i]) if i < len(rows) else None)
        self._write_titles()
        self._arrange()

    @property
    def is_open(self) -> bool:
        """Whether it shows samples of the current comparison."""
        return bool(self._rows)

    def _follow_comparison(self) -> None:
        """The same samples under another candidate or offset, else nothing."""
        comparison, before, rows = self._workspace.comparison(), self._of, self._rows
        if not rows or before is None:
            return
        if comparison is not None and comparison.annotations is before.annotations:
            self.show_rows(np.array(rows))
        else:
            self._rows, self._of = [], None
            self.looks.show_rows([])

    def _write_titles(self) -> None:
        comparison = self._workspace.comparison()
        if comparison is None:
            return
        captions = [self.caption] if len(self._rows) == 1 else self.captions
        for caption, row in zip(captions, self._rows, strict=False):
            _title(caption, comparison, row)

    def _arrange(self) -> None:
        """In one row where each image gets room enough, else two by two."""
        shown = len(self._rows)
        across = shown if self.width() >= shown * _LEAST else min(2, shown)
        if not across or across == self._across:
            return
        self._across = across
        for i, column in enumerate(self._columns):
            self._grid.addWidget(column, i // across, i % across)
        for i in range(MOST):
            self._grid.setColumnStretch(i, int(i < across))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _tell(self, sentence: str) -> None:
        self.told.setText(sentence)
        self.told.setVisible(bool(sentence))

    def _follow(self, leader: int, zoom: float, x: float, y: float) -> None:
        for i, image in enumerate(self.images):
            if i != leader:
                image.look(zoom, x, y)

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
