"""Where negative flips went: truth → new answer, most frequent pairs first, the part that new classes took marked."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.gui import theme
from mpt_studio.gui.bar_list import BarList, BarRow
from mpt_studio.gui.plain import count, label, percent


class FlowView(QWidget):
    """``chosen`` carries (truth, new answer) of the pair that was clicked."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.summary = label(wrap=True)
        theme.mark(self.summary, muted=True)
        self.bars = BarList("Flow of negative flips", name_share=0.66, text_width=44)
        self.bars.setMinimumHeight(240)
        self.bars.chosen.connect(self.chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.summary)
        layout.addWidget(self.bars, 1)

    def show_comparison(self, comparison: Comparison | None) -> None:
        pairs = comparison.flow() if comparison else []
        most = pairs[0].count if pairs else 1
        rows = [
            BarRow(
                (pair.truth, pair.answer),
                pair.truth,
                count(pair.count),
                pair.count / most,
                color="accent" if pair.to_new_class else "wrong",
                note="new" if pair.to_new_class else "",
                second=pair.answer,
            )
            for pair in pairs
        ]
        total, taken = sum(p.count for p in pairs), sum(p.count for p in pairs if p.to_new_class)
        self.summary.setText(
            f"{count(taken)} of {count(total, 'negative flip')} ({percent(taken / total)}) went to new classes."
            if total
            else ""
        )
        self.summary.setVisible(bool(total))
        self.bars.set_rows(rows, "No negative flips: the update keeps every answer that the old model had right.")
