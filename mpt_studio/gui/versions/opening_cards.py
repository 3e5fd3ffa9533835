"""In the Versions panel: what is being read, with cancel; what waits for an answer; what was refused, and why."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.messages import DetailDialog
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.workspace.items import Item
from mpt_studio.gui.workspace.opening import Opening


class OpeningCard(QFrame):
    """One file on its way."""

    def __init__(self, opening: Opening, item: Item, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._opening, self.item = opening, item
        theme.mark(self, versionCard=True)
        self._glyph = label(bold=True)
        self._name = label(item.name, wrap=True)
        self._name.setProperty("subheading", True)
        set_tip(self._name, str(item.path))
        self.sentence = label(wrap=True, size=0.9)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName(f"Reading {item.name}")
        self.answer = QPushButton("Say what it is…")
        self.answer.clicked.connect(self._ask)
        self.details = QPushButton("Details")
        self.details.clicked.connect(lambda: DetailDialog(item.problem, item.detail, self.window()).open())
        self._close = QToolButton()
        theme.set_icon(self._close, "close")
        self._close.setIconSize(QSize(12, 12))
        self._close.clicked.connect(self._end)
        self._lay_out()
        item.changed.connect(self._show)
        theme.notifier().changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        head = bare(QHBoxLayout())
        head.addWidget(self._glyph)
        head.addWidget(self._name, 1)
        head.addWidget(self._close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.answer)
        buttons.addWidget(self.details)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 4, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.sentence)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

    def _show(self) -> None:
        item, refused = self.item, bool(self.item.problem)
        self.sentence.setText(item.problem or item.sentence or "waits for its turn")
        self.sentence.setProperty("muted", not refused)
        self._glyph.setText("✗" if refused else "")
        self._glyph.setVisible(refused)
        self._glyph.setStyleSheet(f"color: {theme.colors().wrong}")
        self.bar.setVisible(not refused and item.question is None)
        self.bar.setRange(0, 0 if item.fraction < 0 else 1000)
        self.bar.setValue(round(1000 * max(item.fraction, 0.0)))
        self.answer.setVisible(item.question is not None)
        self.details.setVisible(bool(item.detail))
        words = f"Dismiss what was said of {item.name}" if refused else f"Do not open {item.name}"
        self._close.setToolTip("Dismiss" if refused else "Cancel")
        self._close.setAccessibleName(words)
        self.setAccessibleName(f"{item.name}: {self.sentence.text()}")

    def _ask(self) -> None:
        if self.item.question is not None:
            self._opening.asked.emit(self.item.question)

    def _end(self) -> None:
        if self.item.problem:
            self._opening.dismiss(self.item)
        elif self.item.question is not None:
            self.item.question.answer(None)
        else:
            self.item.cancel()
