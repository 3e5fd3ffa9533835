"""How images become a network's input: presets, and every number of them."""

from __future__ import annotations

import dataclasses
from typing import get_args

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from mpt_studio.checkpoint import MOST_SIDE, Interpolation, Preprocessing
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import ComboBox, DoubleSpinBox, SpinBox

PRESETS: dict[str, Preprocessing] = {
    "ImageNet, 224 of 256 pixels": Preprocessing(
        image_size=224,
        resize=256,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        interpolation="bilinear",
    ),
    "CIFAR, 32 pixels": Preprocessing(
        image_size=32,
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2023, 0.1994, 0.2010),
        interpolation="bilinear",
    ),
    "Mean and deviation 0.5, 224 pixels": Preprocessing(
        image_size=224, resize=224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bicubic"
    ),
}
_CROPS = (("Cut the middle out", "center"), ("Squash both sides", "squash"))
_OWN = "Own values"
Triple = tuple[QDoubleSpinBox, QDoubleSpinBox, QDoubleSpinBox]


class PreprocessingField(QWidget):
    """All of it, prefilled; nothing is taken before ``is_chosen``."""

    changed = Signal()

    def __init__(self, known: Preprocessing | None, source: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_chosen = known is not None
        self.preset = ComboBox()
        self.preset.setAccessibleName("Preset")
        self._known = (f"As found: {source}" if source else "As found", known) if known is not None else None
        if self._known:
            self.preset.addItem(*self._known)
        else:
            self.preset.addItem("Choose …", None)
        for name, values in PRESETS.items():
            self.preset.addItem(name, values)
        self.preset.addItem(_OWN, None)
        self.side, self.resized = _pixels("Side of the input"), _pixels("Shorter side before the cut", least=0)
        self.resized.setSpecialValueText("as the input")
        self.mean, self.std = _three("Mean"), _three("Standard deviation")
        self.interpolation, self.crop = ComboBox(), ComboBox()
        self._fill()
        self._lay_out()
        self._show(known or next(iter(PRESETS.values())))
        self._connect()

    def _fill(self) -> None:
        for name in get_args(Interpolation):
            self.interpolation.addItem(name.capitalize(), name)
        for text, crop in _CROPS:
            self.crop.addItem(text, crop)
        self.interpolation.setAccessibleName("Interpolation")
        self.crop.setAccessibleName("What does not fit")
        for box in self.std:
            box.setMinimum(0.0001)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.addRow("Input", _row(self.side, label("resized to"), self.resized))
        form.addRow("Cut", _row(self.crop, label("by"), self.interpolation))
        form.addRow("Mean", _row(*self.mean))
        form.addRow("Deviation", _row(*self.std))
        layout = bare(QVBoxLayout(self))
        layout.addWidget(self.preset)
        layout.addLayout(form)

    def _connect(self) -> None:
        self.preset.activated.connect(lambda _: self._take_preset())
        for spin in (self.side, self.resized, *self.mean, *self.std):
            spin.valueChanged.connect(lambda _: self._edited())
        for box in (self.interpolation, self.crop):
            box.activated.connect(lambda _: self._edited())

    def _take_preset(self) -> None:
        values = self.preset.currentData()
        if values is not None:
            self._show(values)
        self.is_chosen = values is not None or self.preset.currentText() == _OWN
        self.changed.emit()

    def _edited(self) -> None:
        self.preset.setCurrentIndex(self.preset.findText(_OWN))
        self.is_chosen = True
        self.changed.emit()

    def _show(self, values: Preprocessing) -> None:
        blocked = [QSignalBlocker(spin) for spin in (self.side, self.resized, *self.mean, *self.std)]
        self.side.setValue(values.image_size)
        self.resized.setValue(values.resize)
        for boxes, numbers in ((self.mean, values.mean), (self.std, values.std)):
            for box, value in zip(boxes, numbers, strict=True):
                box.setValue(value)
        self.interpolation.setCurrentIndex(self.interpolation.findData(values.interpolation))
        self.crop.setCurrentIndex(self.crop.findData(values.crop))
        del blocked

    @property
    def values(self) -> Preprocessing:
        """What stands there; what was found comes back to the last digit where nobody changed it."""
        preset = self.preset.currentData()
        if isinstance(preset, Preprocessing):
            return preset
        mean, std = (tuple(round(box.value(), 5) for box in boxes) for boxes in (self.mean, self.std))
        return dataclasses.replace(
            next(iter(PRESETS.values())),
            image_size=self.side.value(),
            resize=self.resized.value(),
            mean=(mean[0], mean[1], mean[2]),
            std=(std[0], std[1], std[2]),
            interpolation=self.interpolation.currentData(),
            crop=self.crop.currentData(),
        )

    def problem(self) -> str:
        """What is missing; empty where nothing is."""
        if not self.is_chosen:
            return "Say how images are prepared: choose a preset, or own values."
        size, resized = self.side.value(), self.resized.value()
        if resized and resized < size and self.crop.currentData() == "center":
            return f"Images resized to {resized} pixels are too small for a cut of {size}."
        return ""


def _pixels(name: str, least: int = 1) -> QSpinBox:
    box = SpinBox()
    box.setRange(least, MOST_SIDE)
    box.setSuffix(" px")
    box.setAccessibleName(name)
    return box


def _three(name: str) -> Triple:
    boxes = (DoubleSpinBox(), DoubleSpinBox(), DoubleSpinBox())
    for box, channel in zip(boxes, ("red", "green", "blue"), strict=True):
        box.setRange(-1000.0, 1000.0)
        box.setDecimals(4)
        box.setSingleStep(0.01)
        box.setAccessibleName(f"{name}, {channel}")
        set_tip(box, f"{name} of the {channel} channel, of values from 0 to 1")
    return boxes


def _row(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for part in parts:
        row.addWidget(part)
    row.addStretch(1)
    return row
