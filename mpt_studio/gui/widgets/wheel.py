"""The wheel scrolls the panel; a closed choice, a number or a picture takes it only where it has the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QScrollArea, QSlider, QSpinBox, QWidget

if TYPE_CHECKING:
    _Widget = QWidget
else:
    _Widget = object


class _Steady(_Widget):
    """Comes before one of Qt's classes, which the wheel then does not change by accident."""

    def __init__(self, *made_of: Qt.Orientation | QWidget | None) -> None:
        super().__init__(*made_of)  # type: ignore[arg-type]
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # Qt's own lets the wheel itself bring the keyboard

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class ComboBox(_Steady, QComboBox):
    """A choice."""


class SpinBox(_Steady, QSpinBox):
    """A whole number."""


class DoubleSpinBox(_Steady, QDoubleSpinBox):
    """A number."""


class Slider(_Steady, QSlider):
    """A slider from left to right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)


def scrolls_around(widget: QWidget) -> bool:
    """Whether the wheel over a picture belongs to the panel that scrolls around it: until the picture is clicked."""
    around = widget.parentWidget()
    while around is not None and not isinstance(around, QScrollArea):
        around = around.parentWidget()
    return around is not None and not widget.hasFocus()
