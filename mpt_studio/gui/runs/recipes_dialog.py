"""Two recipes beside each other: only what differs, in the words of the form."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.gui.widgets.plain import label, tip
from mpt_studio.recipe.words import Difference


class RecipesDialog(QDialog):
    """Names of the two, and their differences."""

    def __init__(
        self, names: tuple[str, str], differences: Sequence[Difference], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare recipes")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        if differences:
            self.table = _table(names, differences)
            layout.addWidget(self.table)
        else:
            layout.addWidget(label(f"{names[0]} and {names[1]} have the same recipe.", wrap=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(760, min(560, 160 + 30 * len(differences)))


def _table(names: tuple[str, str], differences: Sequence[Difference]) -> QTableWidget:
    table = QTableWidget(len(differences), 3)
    table.setHorizontalHeaderLabels(["Field", *names])
    table.setAccessibleName("What differs")
    table.setObjectName("recipes")
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.verticalHeader().hide()
    for row, each in enumerate(differences):
        for column, text in enumerate((each.title, each.one, each.other)):
            item = QTableWidgetItem(text)
            item.setToolTip(tip(text))
            table.setItem(row, column, item)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    return table
