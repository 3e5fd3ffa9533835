"""Numbers of a policy: shares in percent, gains in points; what nobody changes stays exactly as it was read."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QWidget

from mpt_studio.decide.policy import Key
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import set_tip
from mpt_studio.gui.widgets.wheel import ComboBox, DoubleSpinBox

_DIGITS = 12


class Share(DoubleSpinBox):
    """A fraction, shown in percent or points."""

    edited = Signal()

    def __init__(self, key: Key, name: str) -> None:
        super().__init__()
        points = key.unit == "points"
        self._share = 0.0
        self.setRange(-100 if points else 0, 100)
        self.setDecimals(2)
        self.setSingleStep(0.5)
        self.setMinimumWidth(132)
        self.setSuffix(" points" if points else " %")
        self.setAccessibleName(name)
        set_tip(self, f"It is {key.range}" if points else "From 0 to 100 %")
        self.valueChanged.connect(self._take)

    @property
    def share(self) -> float:
        """As a fraction."""
        return self._share

    def show_share(self, share: float) -> None:
        """Set it without telling."""
        blocked = QSignalBlocker(self)
        self.setValue(100 * share)
        del blocked
        self._share = share

    def _take(self, value: float) -> None:
        self._share = round(value / 100, _DIGITS)
        self.edited.emit()


class Asked(QWidget):
    """One number that may be asked, or not; ``value`` is None where it is not."""

    edited = Signal()

    def __init__(self, key: Key, words: str, usual: float) -> None:
        super().__init__()
        self._usual = usual
        self.box, self.share = QCheckBox(words), Share(key, words)
        row = bare(QHBoxLayout(self))
        row.addWidget(self.box)
        row.addStretch(1)
        row.addWidget(self.share)
        self.box.toggled.connect(self.share.setEnabled)
        self.box.toggled.connect(lambda _: self.edited.emit())
        self.share.edited.connect(self.edited)
        self.show_value(None)

    @property
    def value(self) -> float | None:
        """As a fraction."""
        return self.share.share if self.box.isChecked() else None

    def show_value(self, value: float | None) -> None:
        """Set it without telling; a number that is not asked stands there to begin with."""
        blocked = QSignalBlocker(self.box)
        self.box.setChecked(value is not None)
        del blocked
        self.share.setEnabled(value is not None)
        self.share.show_share(self._usual if value is None else value)


class LeadsTo(ComboBox):
    """What a failing criterion makes of the verdict."""

    def __init__(self, of: str) -> None:
        super().__init__()
        for text, key in (("else hold", "hold"), ("else review", "review")):
            self.addItem(text, key)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"What it leads to where this fails: {of}")
        set_tip(self, "Hold: it does not ship. Review: a person has to look at it.")

    @property
    def is_review(self) -> bool:
        return bool(self.currentData() == "review")

    def show_review(self, on: bool) -> None:
        """Set it without telling."""
        blocked = QSignalBlocker(self)
        self.setCurrentIndex(int(on))
        del blocked
