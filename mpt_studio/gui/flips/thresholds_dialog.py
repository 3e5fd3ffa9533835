"""The five thresholds between causes; every change takes effect at once, in the facets behind the dialog."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QGridLayout, QVBoxLayout, QWidget

from mpt_studio.compare import CauseThresholds
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import DoubleSpinBox
from mpt_studio.gui.workspace.annotations import Thresholds

_REST_MS = 150
_P, _LOGITS = "probability", "logits"
FIELDS = (
    # field, title, text before the number, unit, most, step, meaning
    ("near_tie", "Near tie", "margin above −", _LOGITS, 50.0, 0.1, "The update lost by less than this"),
    ("confident", "Confident reversal", "both at least", _P, 1.0, 0.05, "Both versions were as sure as this"),
    ("suspect_sure", "Suspect label", "answer at least", _P, 1.0, 0.01, "The update is as sure of another class"),
    ("suspect_truth", "", "label at most", _P, 1.0, 0.005, "The update gives the label no more than this"),
    ("suspect_unsure", "", "old at most", _P, 1.0, 0.05, "The old model was right, but no surer than this"),
)
_INTRO = "Causes are tried in this order: stolen by a new class, suspect label, near tie, confident reversal, old-old."


class ThresholdsDialog(QDialog):
    """Stays open beside the images; there is nothing to accept."""

    def __init__(self, thresholds: Thresholds, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thresholds = thresholds
        self.setWindowTitle("Thresholds of the causes")
        self.setAccessibleName("Thresholds of the causes")
        self.numbers: dict[str, QDoubleSpinBox] = {}
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self.apply)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.reset = self.buttons.addButton("Defaults", QDialogButtonBox.ButtonRole.ResetRole)
        self.reset.clicked.connect(lambda *_: self._put(CauseThresholds()))
        self.buttons.rejected.connect(self.close)
        intro = label(_INTRO, wrap=True, muted=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        for part in (intro, self._form()):
            layout.addWidget(part)
        layout.addWidget(self.buttons)
        thresholds.changed.connect(self._show)
        self._show()

    def _form(self) -> QWidget:
        holder = QWidget()
        grid = bare(QGridLayout(holder))
        grid.setHorizontalSpacing(theme.SPACE)
        for row, (field, title, before, unit, most, step, tip) in enumerate(FIELDS):
            number = DoubleSpinBox()
            number.setRange(0, most)
            number.setDecimals(3 if step < 0.01 else 2)
            number.setSingleStep(step)
            number.setAccessibleName(f"{title or 'Suspect label'}, {before} ({unit})")
            set_tip(number, tip)
            number.valueChanged.connect(self._changed)
            self.numbers[field] = number
            for column, part in enumerate((label(title, bold=True), label(before), number, label(unit))):
                grid.addWidget(part, row, column)
        grid.setColumnStretch(3, 1)
        return holder

    def _changed(self) -> None:
        self.reset.setEnabled(self._chosen() != CauseThresholds())
        self._rest.start()

    def _chosen(self) -> CauseThresholds:
        return CauseThresholds(**{field: round(number.value(), 3) for field, number in self.numbers.items()})

    def apply(self) -> None:
        """Put what the fields say into force; happens by itself once they rest."""
        self._rest.stop()
        self._thresholds.set(self._chosen())

    def _put(self, value: CauseThresholds) -> None:
        self._fill(value)
        self.apply()

    def _fill(self, value: CauseThresholds) -> None:
        for field, number in dataclasses.asdict(value).items():
            blocked = QSignalBlocker(self.numbers[field])
            self.numbers[field].setValue(number)
            del blocked
        self.reset.setEnabled(value != CauseThresholds())

    def _show(self) -> None:
        if not self._rest.isActive():  # else more is being typed
            self._fill(self._thresholds.value)

    def hideEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if self._rest.isActive():
            self.apply()
        super().hideEvent(event)
