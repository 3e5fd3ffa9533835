"""One sample through all candidates: ✓ or ✗ and the answer of each; a click puts that candidate on show."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.gui import theme
from mpt_studio.gui.flip_card import NEW_RIGHT
from mpt_studio.gui.plain import RIGHT, WRONG, caption, set_tip
from mpt_studio.gui.versions import Version
from mpt_studio.gui.workspace import Workspace


def row_of_sample(comparison: Comparison, sample_id: str, likely: int) -> int | None:
    """Row of a sample by id; ``likely`` is looked at first, as comparisons over the same data agree."""
    if likely < len(comparison.sample_ids) and comparison.sample_ids[likely] == sample_id:
        return likely
    found = np.flatnonzero(comparison.sample_ids == sample_id)
    return int(found[0]) if len(found) else None


class AnswerStrip(QWidget):
    """One line per candidate."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._sample = ("", 0)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setAccessibleName("Answers of all candidates")

    def show_sample(self, sample_id: str, row: int) -> None:
        """Answers of every candidate that has this sample."""
        self._sample = (sample_id, row)
        candidates = self._workspace.candidates
        while self._layout.count() > len(candidates):
            self._buttons().pop().deleteLater()
            self._layout.takeAt(self._layout.count() - 1)
        while self._layout.count() < len(candidates):
            button = QToolButton(self)
            button.clicked.connect(lambda _=False, button=button: self._go(button))
            self._layout.addWidget(button)
        for button, version in zip(self._buttons(), candidates, strict=True):
            self._show(button, version)

    def _buttons(self) -> list[QToolButton]:
        items = (self._layout.itemAt(i) for i in range(self._layout.count()))
        return [widget for item in items if item and isinstance(widget := item.widget(), QToolButton)]

    def _show(self, button: QToolButton, version: Version) -> None:
        comparison = self._workspace.comparison(version.key)
        row = row_of_sample(comparison, *self._sample) if comparison else None
        button.setVisible(row is not None)
        button.setProperty("version", version.key)
        if comparison is None or row is None:
            return
        right = int(comparison.kinds[row]) in NEW_RIGHT
        answer = comparison.names[comparison.new_answer[row]]
        button.setText(caption(f"{RIGHT if right else WRONG}  {version.label}: {answer}"))
        colors, current = theme.colors(), version is self._workspace.current
        color, weight = colors.right if right else colors.wrong, 600 if current else 400
        button.setStyleSheet(f"QToolButton {{ color: {color}; font-weight: {weight} }}")
        set_tip(button, f"Put {version.label} on show")
        button.setAccessibleName(f"{version.label} {'right' if right else 'wrong'}: {answer}")

    def _go(self, button: QToolButton) -> None:
        self._workspace.set_current(str(button.property("version")))
        comparison = self._workspace.comparison()
        if comparison is not None:
            self._workspace.select(row_of_sample(comparison, *self._sample))
