"""Confusion of the old version, of the update, and what changed: a heat map, or a list where classes are many."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.compare.figures.confusion import View, confused, confusion
from mpt_studio.gui.compare.bars import COUNTING
from mpt_studio.gui.widgets.bar_list import BarList, BarRow
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.matrix_view import Cells, MatrixView
from mpt_studio.gui.widgets.plain import label, signed
from mpt_studio.units import count

MOST_CLASSES = 40
"""With more classes a heat map's cells are too small to hit."""
_VIEWS: dict[View, str] = {"old": "Old", "new": "Update", "difference": "Difference"}
_HINT = "Rows: true class. Columns: answer. Every cell leads to its samples."


class ConfusionView(QWidget):
    """``chosen`` carries view, true class and answer of what was clicked."""

    chosen = Signal(str, str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: View = "difference"
        self._comparison: Comparison | None = None
        self.buttons = QButtonGroup(self)
        self.matrix = MatrixView("Confusion matrix", "true class", "answer")
        self.matrix.setMinimumHeight(270)
        self.pairs = BarList("Top confusions", name_share=0.66, text_width=56)
        self.pairs.setMinimumHeight(240)
        self.readout = label(wrap=True, muted=True)
        self.readout.setMinimumHeight(2 * self.fontMetrics().height() + 2)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        for i, text in enumerate(_VIEWS.values()):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setChecked(i == list(_VIEWS).index(self.view))
            button.setAccessibleName(f"Confusion: {text.lower()}")
            self.buttons.addButton(button, i)
            head.addWidget(button)
        head.addStretch(1)
        layout = bare(QVBoxLayout(self))
        layout.addLayout(head)
        for widget in (self.matrix, self.pairs, self.readout):
            layout.addWidget(widget)
        layout.setStretch(1, 1)
        layout.setStretch(2, 1)
        self.buttons.idClicked.connect(lambda i: self.set_view(list(_VIEWS)[i]))
        self.matrix.pointed.connect(self._say)
        self.matrix.chosen.connect(self._choose)
        self.pairs.chosen.connect(lambda pair: self.chosen.emit(self.view, *pair))

    def set_view(self, view: View) -> None:
        """Show the old version, the update, or the difference."""
        self.view = view
        self.buttons.button(list(_VIEWS).index(view)).setChecked(True)
        self.show_comparison(self._comparison)

    def show_comparison(self, comparison: Comparison | None) -> None:
        self._comparison = comparison
        few = comparison is not None and len(comparison.names) <= MOST_CLASSES
        self.matrix.setVisible(few)
        self.pairs.setVisible(not few)
        if comparison is not None and few:
            self.matrix.show_cells(_cells(comparison, self.view))
        else:
            self._show_pairs(comparison)
        self._say("")

    def _show_pairs(self, comparison: Comparison | None) -> None:
        found = confused(comparison, self.view) if comparison is not None else []
        most = abs(found[0].count) if found else 1
        change = self.view == "difference"
        rows = [
            BarRow(
                (pair.truth, pair.answer),
                pair.truth,
                signed(pair.count, 0) if change else count(pair.count),
                abs(pair.count) / most,
                color="right" if pair.count < 0 else "wrong",
                second=pair.answer,
            )
            for pair in found
        ]
        none = "No answer changed for the worse or better." if change else "No wrong answers."
        self.pairs.set_rows(rows, none if comparison is not None else COUNTING)

    def _say(self, sentence: str) -> None:
        n = len(self._comparison) if self._comparison is not None else 0
        many = (
            "Wrong answers, most frequent first: true class → answer." if not self.matrix.isVisibleTo(self) else _HINT
        )
        self.readout.setText(sentence or f"All samples, n = {count(n)}. {many}")

    def _choose(self, row: int, column: int) -> None:
        if self._comparison is not None:
            names = self._comparison.names
            self.chosen.emit(self.view, names[row], names[column])

    def highlight(self, row: int | None) -> None:
        """Frame the cell of the selected sample."""
        c = self._comparison
        if c is None or row is None:
            self.matrix.highlight(None)
            self.pairs.highlight(None)
            return
        answer = c.old_answer if self.view == "old" else c.new_answer
        cell = int(c.truth[row]), int(answer[row])
        self.matrix.highlight(cell)
        self.pairs.highlight((c.names[cell[0]], c.names[cell[1]]))


def short(value: int, plus: bool = False) -> str:
    """A count for a small cell: "812", "1.2k", "399k", "−12k"; the sentence has it in full."""
    size, sign = abs(value), "−" if value < 0 else "+" if plus else ""
    if size < 1_000:
        return f"{sign}{size}"
    unit, letter = (1_000, "k") if size < 999_500 else (1_000_000, "M")
    digits = 1 if size < 9.95 * unit else 0
    return f"{sign}{size / unit:.{digits}f}{letter}"


def _cells(c: Comparison, view: View) -> Cells:
    table, n = confusion(c, view), len(c.names)
    of_class = np.maximum(confusion(c, "new").sum(axis=1), 1)[:, None]
    share, diagonal = np.abs(table) / of_class, np.eye(n, dtype=bool)
    strongest = max(float(share[~diagonal].max(initial=0.0)), 1e-9)
    # right answers are many and errors few: each has a scale of its own, and roots let single errors be seen
    strength = np.where(diagonal & (view != "difference"), share, np.sqrt(np.minimum(share / strongest, 1.0)))
    is_good = np.where(diagonal, table >= 0, table < 0)

    def text(row: int, column: int) -> str:
        value = int(table[row, column])
        return "" if not value else short(value, plus=view == "difference")

    def sentence(row: int, column: int) -> str:
        value, of = int(table[row, column]), int(of_class[row, 0])
        right = f"{c.names[row]}, right" if row == column else f"{c.names[row]} answered as {c.names[column]}"
        if view == "difference":
            return f"{right}: {signed(value, 0)} against the old version, of {count(of, 'sample')} of {c.names[row]}."
        return f"{right}: {count(value)} of {count(of, 'sample')} of {c.names[row]}."

    return Cells(c.names, c.names, text, sentence, strength, is_good)
