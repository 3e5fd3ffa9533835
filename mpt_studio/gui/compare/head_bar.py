"""Above the table: which samples the figures are over, what else can be measured, and pictures of the charts."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from mpt_studio.compare import SUBSET_WORDS, SUBSETS, Subset
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import set_tip

_MEASURES = "Size, FLOPs, latency and calibration of all versions, as columns of the table"


class HeadBar(QWidget):
    """Buttons only; the page does what they ask for."""

    subset_chosen = Signal(str)
    export_asked = Signal(str)
    """ "png" or "svg"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        line = bare(QHBoxLayout(self))
        self.subsets = QButtonGroup(self)
        for i, subset in enumerate(SUBSETS):
            button = QPushButton(SUBSET_WORDS[subset].capitalize())
            button.setCheckable(True)
            button.setAccessibleName(f"Figures over {SUBSET_WORDS[subset]}")
            self.subsets.addButton(button, i)
            line.addWidget(button)
        line.addStretch(1)
        self.measure, self.columns = QPushButton("Measure cost"), QPushButton("Columns")
        set_tip(self.columns, "Which columns the table has")
        for widget in (self.measure, self.columns, self._export_button()):
            line.addWidget(widget)
        self.subsets.idClicked.connect(lambda i: self.subset_chosen.emit(SUBSETS[i]))

    def show_subset(self, subset: Subset) -> None:
        self.subsets.button(SUBSETS.index(subset)).setChecked(True)

    def show_measuring(self, why_not: str) -> None:
        """Whether what versions cost can be measured now."""
        self.measure.setEnabled(not why_not)
        set_tip(self.measure, why_not or _MEASURES)

    def open_columns(self, menu: QMenu) -> None:
        menu.popup(self.columns.mapToGlobal(self.columns.rect().bottomLeft()))

    def _export_button(self) -> QToolButton:
        button = QToolButton()
        theme.set_icon(button, "export")
        button.setAccessibleName("Export the charts")
        set_tip(button, "Save the charts on show as pictures")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for text, kind in (("Charts as &PNG…", "png"), ("Charts as &SVG…", "svg")):
            menu.addAction(text, partial(self.export_asked.emit, kind))
        button.setMenu(menu)
        return button
