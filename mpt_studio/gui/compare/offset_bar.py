"""The slider for the logit offset γ: subtracted from the update's new-class logits, without training anything."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import DoubleSpinBox, Slider

_POSITIONS = 400
_NONE = "Old and update have the same classes here, so there is no new-class logit to lower."


class OffsetBar(QWidget):
    """Slider, number and reset; ``changed`` carries γ."""

    changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step, self._reach = 0.05, (0.0, 0.0)
        self.title = label("Logit offset γ", bold=True)
        self.slider, self.number = Slider(), DoubleSpinBox()
        self.reset = QPushButton("As trained")
        self.slider.setAccessibleName("Logit offset γ")
        self.number.setAccessibleName("Logit offset γ as a number")
        self.number.setKeyboardTracking(False)
        self.number.setPrefix("γ = ")
        self.reset.setAccessibleName("Reset the logit offset to 0")
        set_tip(self.reset, "Back to γ = 0, the candidate as trained")
        row = bare(QHBoxLayout(self), spacing=theme.SPACE)
        row.addWidget(self.title)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        row.addWidget(self.reset)
        self.slider.valueChanged.connect(lambda at: self._choose(at * self.step))
        self.number.valueChanged.connect(self._choose)
        self.reset.clicked.connect(lambda *_: self._choose(0.0))
        self.wait("The offsets of this candidate are being computed.")

    def wait(self, why: str = _NONE) -> None:
        """Nothing to slide yet, or at all; the tooltip says why."""
        self.setEnabled(False)
        for part in (self, self.slider, self.number):
            set_tip(part, why)

    def offer(self, low: float, high: float, gamma: float) -> None:
        """Offsets from ``low`` <= 0 to ``high`` >= 0, at ``gamma``; a ``gamma`` beyond them widens them."""
        low, high = self._reach = min(low, gamma, 0.0), max(high, gamma, 0.5)
        self.step = _round_step((high - low) / _POSITIONS)
        blocked = QSignalBlocker(self.slider), QSignalBlocker(self.number)
        self.slider.setRange(math.floor(low / self.step), math.ceil(high / self.step))
        self.slider.setSingleStep(max(1, round(0.05 / self.step)))
        self.slider.setPageStep(max(1, round(0.5 / self.step)))
        self.number.setDecimals(2)
        self.number.setSingleStep(max(0.05, self.step))
        self.number.setRange(self.slider.minimum() * self.step, self.slider.maximum() * self.step)
        del blocked
        self.setEnabled(True)
        for part in (self, self.slider, self.number):
            set_tip(part, "Lowers the logits of new classes by γ at test time: fewer negative flips, fewer new classes")
        self.show_gamma(gamma)

    def show_gamma(self, gamma: float) -> None:
        """Set the value without telling; one out of reach widens the slider."""
        if not self._reach[0] <= gamma <= self._reach[1]:
            self.offer(*self._reach, gamma)
            return
        blocked = QSignalBlocker(self.slider), QSignalBlocker(self.number)
        self.slider.setValue(round(gamma / self.step))
        self.number.setValue(gamma)
        del blocked
        self.reset.setEnabled(gamma != 0 and self.isEnabled())

    def _choose(self, gamma: float) -> None:
        gamma = round(gamma, 2) + 0.0
        self.show_gamma(gamma)
        self.changed.emit(gamma)


def _round_step(wanted: float) -> float:
    """The next 1, 2 or 5 times a power of ten, at least 0.01."""
    power = 10.0 ** math.floor(math.log10(max(wanted, 0.01)) + 1e-9)
    return next(power * times for times in (1, 2, 5, 10) if power * times >= max(wanted, 0.01) - 1e-12)
