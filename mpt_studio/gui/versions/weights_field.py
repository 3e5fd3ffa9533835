"""Which weights of a file that holds them twice: those that were trained last, or their average."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import set_tip
from mpt_studio.gui.widgets.wheel import ComboBox

Weights = Literal["", "raw", "ema"]
_FORMS: dict[str, Weights] = {
    "Choose …": "",
    "Averaged over the training (EMA)": "ema",
    "As they were trained last": "raw",
}


class WeightsField(QWidget):
    """A list of the two; nothing is taken before one is chosen."""

    changed = Signal()

    def __init__(self, chosen: Weights = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = ComboBox()
        self.box.setAccessibleName("Weights")
        set_tip(self.box, "Training scripts usually report the accuracy of the averaged weights")
        for text, form in _FORMS.items():
            self.box.addItem(text, form)
        self.box.setCurrentIndex(self.box.findData(chosen))
        self.box.activated.connect(lambda _: self.changed.emit())
        layout = bare(QVBoxLayout(self))
        layout.addWidget(self.box)

    @property
    def chosen(self) -> Weights:
        """ "" until one is chosen."""
        form: Weights = self.box.currentData()
        return form

    def problem(self) -> str:
        """What is missing; empty where nothing is."""
        return "" if self.chosen else "Say which weights to take: the averaged ones, or those trained last."
