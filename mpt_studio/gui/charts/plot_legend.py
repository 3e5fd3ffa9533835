"""Legends: which line style is which series, which colour is which run; a click hides or shows."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, empty

STYLES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)
_MEANINGS = {
    "loss": "The loss that is minimised: the sum of its terms",
    "cross_entropy": "Cross-entropy (CE) of the labels, with the logit margin where the method has one",
    "distillation_old": "Distillation from the old model, on the old classes",
    "distillation_new": "Distillation from the reference model (ELODI: from the ensemble), on all classes",
}
_SHORT = {
    "old classes": "old",
    "new classes": "new",
    "cross_entropy": "CE",
    "distillation_old": "old model",
    "distillation_new": "reference",
    "loss": "total",
}


class StyleLegend(QWidget):
    """Which line style is which series; a click hides or shows it."""

    toggled = Signal(str, bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = bare(QHBoxLayout(self), spacing=0)
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_names(self, styles: dict[str, Qt.PenStyle], hidden: set[str]) -> None:
        empty(self._row)
        self.setVisible(len(styles) > 1)
        for name, style in styles.items():
            self._row.addWidget(self._button(name, style, name not in hidden))

    def _button(self, name: str, style: Qt.PenStyle, shown: bool) -> QToolButton:
        button = QToolButton(self)
        button.setCheckable(True)
        button.setChecked(shown)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setText(plain.caption(shown_name(name)))
        button.setIcon(_style_icon(style))
        button.setIconSize(QSize(16, 8))
        plain.set_tip(button, f"{_MEANINGS.get(name, shown_name(name))}.\nClick to show or hide.")
        button.setAccessibleName(f"Show {shown_name(name)}")
        button.toggled.connect(lambda on, n=name: self._toggle(button, n, on))
        self._fade(button, shown)
        return button

    def _toggle(self, button: QToolButton, name: str, on: bool) -> None:
        self._fade(button, on)
        self.toggled.emit(name, on)

    def _fade(self, button: QToolButton, shown: bool) -> None:
        c = theme.colors()
        color = c.text if shown else c.muted
        font = button.font()
        font.setStrikeOut(not shown)
        button.setFont(font)
        button.setStyleSheet(
            f"QToolButton {{ padding: 0 1px; font-size: 8pt; background: transparent; color: {color}; }}"
        )


def shown_name(name: str) -> str:
    return _SHORT.get(name) or name.replace("_", " ")


def _style_icon(style: Qt.PenStyle) -> QIcon:
    pixmap = QPixmap(40, 20)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QPen(QColor(theme.colors().text), 1.5, style))
    painter.drawLine(1, 5, 19, 5)
    painter.end()
    return QIcon(pixmap)


class RunLegend(QWidget):
    """A chip per run in its version's colour; earlier runs can be removed by a right click."""

    toggled = Signal(str, bool)
    remove_asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = FlowLayout(self)

    def show_runs(self, runs: list[tuple[str, str, int, bool, bool]]) -> None:
        """Show (id, label, colour index, visible, earlier) of each run."""
        empty(self._row)
        for run in runs:
            self._row.addWidget(self._chip(*run))
        self.setVisible(bool(runs))

    def _chip(self, run_id: str, label: str, color: int, visible: bool, earlier: bool) -> QToolButton:
        chip = QToolButton(self)
        chip.setText(plain.caption(plain.shortened(label, 36) + " (earlier)" * earlier))
        chip.setCheckable(True)
        chip.setChecked(visible)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIconSize(QSize(12, 12))
        chip.setAccessibleName(f"Show {label}")
        self._paint(chip, theme.version_color(color), visible)
        plain.set_tip(
            chip, f"{label}\nClick to show or hide this run." + (" Right-click to remove it." if earlier else "")
        )
        chip.toggled.connect(lambda on: self._toggle(chip, run_id, theme.version_color(color), on))
        if earlier:
            chip.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            chip.addAction("Remove from the curves").triggered.connect(lambda: self.remove_asked.emit(run_id))
        return chip

    def _toggle(self, chip: QToolButton, run_id: str, color: str, on: bool) -> None:
        self._paint(chip, color, on)
        self.toggled.emit(run_id, on)

    @staticmethod
    def _paint(chip: QToolButton, color: str, on: bool) -> None:
        """A tint of the run's own colour: on the accent's blue a blue or grey swatch could not be seen."""
        c = theme.colors()
        back, edge, text = (theme.wash(color, lively=True), color, c.text) if on else (c.panel, c.border, c.muted)
        chip.setIcon(_swatch(color, on))
        chip.setStyleSheet(
            f"QToolButton {{ background: {back}; border: 1px solid {edge}; border-radius: 11px; padding: 2px 8px;"
            f" color: {text}; }} QToolButton:focus {{ border: 2px solid {c.accent}; padding: 1px 7px; }}"
        )


def _swatch(color: str, filled: bool) -> QIcon:
    """A square in the version's colour, or only its outline: shown or hidden."""
    pixmap = QPixmap(24, 24)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), 2))
    painter.setBrush(QColor(color) if filled else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(3, 3, 18, 18), 5, 5)
    painter.end()
    return QIcon(pixmap)
