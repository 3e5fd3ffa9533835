"""One sample through all versions: ✓ or ✗ and the answer of each; a click puts that candidate on show."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.flips import NEW_RIGHT, OLD_RIGHT
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, number, set_tip
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace


def row_of_sample(comparison: Comparison, sample_id: str, likely: int) -> int | None:
    """Row of a sample by id; ``likely`` is looked at first, as comparisons over the same data agree."""
    if likely < len(comparison.sample_ids) and comparison.sample_ids[likely] == sample_id:
        return likely
    found = np.flatnonzero(comparison.sample_ids == sample_id)
    return int(found[0]) if len(found) else None


class _Line(QAbstractButton):
    """One version's answer, shortened to the width there is."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.version = ""
        self._right = self._current = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_answer(self, version: Version, answer: str, right: bool, current: bool, gamma: float) -> None:
        self.version, self._right, self._current = version.key, right, current
        name = version.label + (f" at γ = {number(gamma, 2)}" if gamma else "")
        self.setText(f"{RIGHT if right else WRONG}  {name}: {answer}")
        self.setAccessibleName(f"{name} {'right' if right else 'wrong'}: {answer}")
        leads = version.role != "old"
        set_tip(self, self.text() + (f"\nClick to put {version.label} on show." if leads else "\nThe old model"))
        self.setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if leads else Qt.FocusPolicy.NoFocus)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colors = QPainter(self), theme.colors()
        if self.underMouse() and self.focusPolicy() != Qt.FocusPolicy.NoFocus:
            painter.fillRect(self.rect(), QColor(theme.blend(colors.background, colors.text, 0.07)))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colors.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        font = self.font()
        font.setBold(self._current)
        painter.setFont(font)
        painter.setPen(QColor(colors.right if self._right else colors.wrong))
        box = self.rect().adjusted(4, 0, -4, 0)
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)


class AnswerStrip(QWidget):
    """One line per version, the old model's first."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._sample = ("", 0)
        self._layout = bare(QVBoxLayout(self), spacing=0)
        self.setAccessibleName("Answers of all versions")

    def show_sample(self, sample_id: str, row: int) -> None:
        """Answers of every version that has this sample."""
        self._sample = (sample_id, row)
        versions = self._workspace.versions
        while self._layout.count() > len(versions):
            self._buttons().pop().deleteLater()
            self._layout.takeAt(self._layout.count() - 1)
        while self._layout.count() < len(versions):
            button = _Line(self)
            button.clicked.connect(lambda _=False, button=button: self._go(button))
            self._layout.addWidget(button)
        for button, version in zip(self._buttons(), versions, strict=True):
            self._show(button, version)

    def _buttons(self) -> list[_Line]:
        items = (self._layout.itemAt(i) for i in range(self._layout.count()))
        return [widget for item in items if item and isinstance(widget := item.widget(), _Line)]

    def _show(self, button: _Line, version: Version) -> None:
        is_old = version.role == "old"
        comparison = self._workspace.comparison(None if is_old else version.key)
        gamma = self._workspace.offsets.of(version.key)
        if comparison is not None and not is_old:
            comparison = self._workspace.offsets.view(version.key, comparison)
        row = row_of_sample(comparison, *self._sample) if comparison else None
        button.setVisible(row is not None)
        if comparison is None or row is None:
            return
        right = int(comparison.kinds[row]) in (OLD_RIGHT if is_old else NEW_RIGHT)
        answer = comparison.names[(comparison.old_answer if is_old else comparison.new_answer)[row]]
        button.show_answer(version, answer, right, version is self._workspace.current, gamma)

    def _go(self, button: _Line) -> None:
        self._workspace.set_current(button.version)
        comparison = self._workspace.comparison()
        if comparison is not None:
            self._workspace.select(row_of_sample(comparison, *self._sample))
