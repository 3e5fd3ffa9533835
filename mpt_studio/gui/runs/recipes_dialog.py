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

from mpt_studio.gui.runs.rows import Row
from mpt_studio.gui.widgets.plain import label, shortened, tip
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.recipe.words import Difference
from mpt_studio.store import Search, Store

_NAME = 38
"""Letters of a recipe's name that its column has room for."""


def recipe_of(store: Store, row: Row) -> UpdateRecipe:
    """What a new update would begin with; of a run that was trained alone, as an update. Raises ``UserError``."""
    if row.job:
        job = store.job(row.job)
        return job.recipe.update if isinstance(job, Search) else job.recipe
    recipe = store.run(row.id).recipe
    return UpdateRecipe(
        data=recipe.data,
        old_classes=recipe.old_classes,
        old=recipe.old,
        methods=recipe.method.name,
        logit_margin=recipe.method.logit_margin or None,
        model=recipe.model,
        training=recipe.training,
    )


def recipes_of(store: Store, *rows: Row) -> list[Recipe | UpdateRecipe | SearchRecipe]:
    """Their own where the two are of a kind; else those of the updates that they are for. Raises ``UserError``."""
    alike = len({row.kind for row in rows}) == 1
    return [store.find(row.id).recipe if alike else recipe_of(store, row) for row in rows]


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
    for column, name in enumerate(("Field", *names)):
        item = QTableWidgetItem(shortened(name, _NAME))  # Qt cuts headers off without a sign
        item.setToolTip(tip(name))
        table.setHorizontalHeaderItem(column, item)
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
