"""The numbers of a policy as a form: what is asked of all samples, of classes, and how sure it has to be."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from mpt_studio.decide import Policy
from mpt_studio.decide.policy import CRITERIA, KEYS
from mpt_studio.gui.decide.numbers import Asked, LeadsTo, Share
from mpt_studio.gui.widgets.flow_layout import bare, in_a_row
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import SpinBox

_WORDS: dict[str, tuple[str, float]] = {
    "max_nfr": ("NFR (old classes) at most", 0.01),
    "max_class_nfr": ("NFR of any one old class at most", 0.05),
    "min_accuracy_gain": ("Accuracy gain (all) at least", 0.0),
    "min_accuracy_gain_old": ("Accuracy gain (old classes) at least", 0.0),
    "min_accuracy_new": ("Accuracy (new classes) at least", 0.8),
}
"""By field: the question, and the number to begin with."""
_MOST_SAMPLES = 1_000_000


class CriteriaForm(QWidget):
    """A line for each criterion."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.asked = {key.field: Asked(key, *_WORDS[key.field]) for key in CRITERIA}
        self.leads = {key.field: LeadsTo(_WORDS[key.field][0]) for key in CRITERIA}
        self.samples = SpinBox()
        self.samples.setRange(1, _MOST_SAMPLES)
        self.samples.setSpecialValueText("any number of images")
        self.samples.setSuffix(" images or more")
        self.samples.setAccessibleName("Images that a class needs to be judged")
        confidence = next(key for key in KEYS if key.field == "confidence")
        self.confidence, self.by_value = (
            Share(confidence, "Confidence of the intervals"),
            QCheckBox("by the value alone"),
        )
        self.confidence.setRange(50, 99.99)
        set_tip(self.by_value, "Whatever the interval: a figure on the good side passes, with however few images")
        self._lay_out()
        self.samples.valueChanged.connect(lambda _: self.edited.emit())
        self.confidence.edited.connect(self.edited)
        self.by_value.toggled.connect(lambda on: self.confidence.setEnabled(not on))
        self.by_value.toggled.connect(lambda _: self.edited.emit())

    def _lay_out(self) -> None:
        grid = bare(QGridLayout(self))
        grid.setColumnStretch(0, 1)
        line = 0
        for field in _WORDS:
            grid.addWidget(self.asked[field], line, 0)
            grid.addWidget(self.leads[field], line, 1)
            self.asked[field].edited.connect(self.edited)
            self.leads[field].currentIndexChanged.connect(lambda _: self.edited.emit())
            line += 1
            if field == "max_class_nfr":
                few = in_a_row(label("      of classes with"), self.samples, spare=True)
                grid.addWidget(few, line, 0, 1, 2)
                line += 1
        sure = in_a_row(label("It holds where its interval does, of confidence"), self.confidence, self.by_value)
        grid.addWidget(sure, line, 0, 1, 2)

    def show_policy(self, policy: Policy) -> None:
        """Fill the form without telling."""
        for key in CRITERIA:
            self.asked[key.field].show_value(getattr(policy, key.field))
            self.leads[key.field].show_review(policy.leads_to(key.path) == "review")
        blocked = QSignalBlocker(self.samples), QSignalBlocker(self.by_value)
        self.samples.setValue(policy.min_samples)
        self.by_value.setChecked(policy.confidence == 0)
        del blocked
        self.confidence.setEnabled(policy.confidence != 0)
        self.confidence.show_share(policy.confidence or Policy().confidence)

    def values(self) -> dict[str, Any]:
        """The policy's fields."""
        numbers: dict[str, Any] = {field: asked.value for field, asked in self.asked.items()}
        confidence = 0.0 if self.by_value.isChecked() else self.confidence.share
        return {**numbers, "min_samples": self.samples.value(), "confidence": confidence}

    def reviewed(self) -> list[str]:
        """Criteria that lead to "review", by their key."""
        keys = [key for key in CRITERIA if self.asked[key.field].value is not None]
        return [key.path for key in keys if self.leads[key.field].is_review]
