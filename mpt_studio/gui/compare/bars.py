"""Two charts of bars: NFR of every class with its Wilson interval, and where negative flips go.

Both stay quick at thousands of classes.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mpt_studio.compare import ClassRates, Comparison, flow, per_class
from mpt_studio.flips import wilson
from mpt_studio.gui.widgets.bar_list import BarList, BarRow
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label, percent
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.units import count

COUNTING = "Counting …"
"""Stands in a chart while the comparison on show is counted for it."""
_ORDERS: dict[str, Callable[[ClassRates], tuple]] = {
    "highest NFR": lambda c: (-(c.rates.nfr or 0.0), -c.rates.negative_flips, c.index),
    "most negative flips": lambda c: (-c.rates.negative_flips, -(c.rates.nfr or 0.0), c.index),
    "class": lambda c: (c.index,),
    "name": lambda c: (c.name.casefold(), c.name),
}


class ClassBars(QWidget):
    """NFR per class, sorted. Only classes that the old model knows can flip; ``chosen`` carries the one clicked."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: list[ClassRates] = []
        self._empty = COUNTING
        self.order = ComboBox()
        self.order.addItems(list(_ORDERS))
        self.order.setAccessibleName("Order of classes")
        self.order.currentTextChanged.connect(self._refresh)
        self.bars = BarList("NFR per class", name_share=0.46, text_width=104)
        self.bars.setMinimumHeight(272)
        self.bars.chosen.connect(self.chosen)
        head = QHBoxLayout()
        head.addWidget(label("Order"))
        head.addWidget(self.order, 1)
        layout = bare(QVBoxLayout(self))
        layout.addLayout(head)
        layout.addWidget(self.bars, 1)

    def show_comparison(self, comparison: Comparison | None) -> None:
        every = per_class(comparison) if comparison else []
        self._classes = [c for c in every if not c.is_new and c.rates.samples]
        self._empty = "No samples of old classes." if comparison else COUNTING
        self._refresh()

    def _refresh(self) -> None:
        ordered = sorted(self._classes, key=_ORDERS[self.order.currentText()])
        ends = [wilson(c.rates.negative_flips, c.rates.samples) or (0.0, 0.0) for c in ordered]
        reach = max((high for _, high in ends), default=0.0) or 1.0
        rows = [_row(c, low / reach, high / reach, reach) for c, (low, high) in zip(ordered, ends, strict=True)]
        self.bars.set_rows(rows, self._empty, reach=reach)


def _row(found: ClassRates, low: float, high: float, reach: float) -> BarRow:
    rates = found.rates
    text = f"{percent(rates.nfr)}  {count(rates.negative_flips)}/{count(rates.samples)}"
    return BarRow(found.name, found.name, text, (rates.nfr or 0.0) / reach, low, high, "wrong")


class FlowView(QWidget):
    """Negative flips by truth and new answer; ``chosen`` carries the pair that was clicked."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.summary = label(wrap=True, muted=True)
        self.bars = BarList("Flow of negative flips", name_share=0.66, text_width=44)
        self.bars.setMinimumHeight(240)
        self.bars.chosen.connect(self.chosen)
        layout = bare(QVBoxLayout(self))
        layout.addWidget(self.summary)
        layout.addWidget(self.bars, 1)

    def show_comparison(self, comparison: Comparison | None) -> None:
        pairs = flow(comparison) if comparison else []
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
            if total and comparison and comparison.class_is_new.any()
            else ""
        )
        self.summary.setVisible(bool(self.summary.text()))
        none = "No negative flips: the update keeps every answer that the old model had right."
        self.bars.set_rows(rows, none if comparison else COUNTING)
