"""The recipe of an update as a form, made from the dataclasses: nothing here knows a range or a default of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from mpt_studio import units
from mpt_studio.errors import UserError
from mpt_studio.gui.train.field_editors import Editor, OldClassesEditor
from mpt_studio.gui.train.form_fields import FieldSpec, built, flat_specs
from mpt_studio.gui.train.form_parts import Description, FieldRow, editor_for, keep_room, section_label
from mpt_studio.gui.train.method_list import MethodList
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.frames import FoldButton
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.recipe import UpdateRecipe, checked, presets
from mpt_studio.recipe.words import PLACEHOLDERS, flat, title_of

_PROBLEM_LINES = 2
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What", ("data", "old_classes", "old")),
    ("Start", ("start.start", "start.freeze")),
    ("Methods", ("methods", "logit_margin", "noise_floor")),
    ("Network and training", ("model.arch", "training.epochs", "training.batch_size", "training.learning_rate")),
    ("Images", ("images.crop", "training.flip", "images.auto_augment")),
)
"""Fields in sight; all others are under "More settings"."""


class RecipeForm(QWidget):
    """Shows and edits an ``UpdateRecipe``; ``form.set_recipe(r)`` makes ``form.recipe() == r``."""

    changed = Signal()
    classes_wanted = Signal()
    """The old classes are to be picked from a list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.class_names_of: Callable[[str], tuple[str, ...]] = lambda _: ()
        """The classes of data, by their spec; none where they are not known yet."""
        self.editors: dict[str, Editor] = {}
        self._rows: dict[str, FieldRow] = {}
        self._base = UpdateRecipe()
        self._quiet = False
        self._presets = presets()
        self._build()
        self._fill_presets()
        self.set_recipe(self._presets[0].recipe if self._presets else UpdateRecipe())

    # ---- value -------------------------------------------------------------------------------------------------

    def recipe(self) -> UpdateRecipe:
        """What the form says. Raises ``UserError`` naming the first field that will not do."""
        wrong = self.problems()
        if wrong:
            raise UserError(wrong[0])
        made: UpdateRecipe = built(UpdateRecipe, {name: editor.value() for name, editor in self.editors.items()})
        return checked(made)

    def set_recipe(self, recipe: UpdateRecipe, origin: str = "") -> None:
        """Show a recipe. It is what changes are marked against; ``origin`` names it where it is no preset."""
        match = next((p for p in self._presets if p.applied_to(recipe) == recipe), None)
        self._base = recipe
        self._choose_silently(match.key if match and not origin else "")
        self._origin.setText(match.description if match and not origin else origin or "A recipe of your own.")
        self._show(recipe)

    def problems(self) -> list[str]:
        """A sentence per field that will not do."""
        return [sentence for row in self._rows.values() if (sentence := row.problem())]

    def check(self) -> None:
        """What a field may hold has changed, such as the classes of the data."""
        self._refresh()

    def _class_names(self) -> tuple[str, ...]:
        return self.class_names_of(str(self.editors["data"].value()))

    @property
    def changes(self) -> list[str]:
        """Names of the fields that differ from where the form started."""
        base = flat(self._base)
        return [name for name, editor in self.editors.items() if editor.problem() or editor.value() != base[name]]

    def _show(self, recipe: UpdateRecipe) -> None:
        self._quiet = True
        for name, value in flat(recipe).items():
            self.editors[name].set_value(value)
        self._quiet = False
        self._refresh()

    # ---- building ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        content = QWidget()
        content.setProperty("plain", True)
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.SPACE, 0, theme.SPACE, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self._head())
        specs = flat_specs(UpdateRecipe)
        shown = {name for _, names in SECTIONS for name in names}
        for title, names in SECTIONS:
            column.addWidget(section_label(title))
            column.addLayout(self._grid(names, specs))
        self._fold = FoldButton("More settings", self)
        self._more = QWidget()
        self._more.setLayout(self._grid([name for name in specs if name not in shown], specs))
        self._more.hide()
        self._fold.toggled.connect(self._more.setVisible)
        column.addWidget(self._fold)
        column.addWidget(self._more)
        column.addStretch(1)
        scroll = QScrollArea(self, widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields have the keyboard
        scroll.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        layout.addWidget(self._problem_line())

    def _problem_line(self) -> QLabel:
        """What is wrong, at one place that is always there: a sentence below its field would push the others away."""
        self._problem = plain.label("", wrap=True)
        self._problem.setFixedHeight(_PROBLEM_LINES * self.fontMetrics().lineSpacing() + 2)
        self._problem.setAlignment(Qt.AlignmentFlag.AlignBottom)
        self._problem.setContentsMargins(theme.SPACE, 0, theme.SPACE, 0)
        theme.mark(self._problem, error=True)
        return self._problem

    def _head(self) -> QWidget:
        self.preset_box = ComboBox(self)
        self.preset_box.setAccessibleName("Preset")
        self._origin = Description([preset.description for preset in self._presets])
        self._origin.setAlignment(Qt.AlignmentFlag.AlignTop)
        theme.mark(self._origin, muted=True)
        self._count = plain.label("")
        theme.mark(self._count, muted=True)
        self._reset_all = QToolButton(self)
        self._reset_all.setText("Reset all")
        self._reset_all.clicked.connect(lambda: self._show(self._base))
        self._counts = QWidget(self)
        keep_room(self._counts)
        counts = QHBoxLayout(self._counts)
        counts.setContentsMargins(0, 0, 0, 0)
        counts.addWidget(self._count, 1)
        counts.addWidget(self._reset_all)
        head = QWidget(self)
        layout = QVBoxLayout(head)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE // 2)
        layout.addWidget(section_label("Preset"))
        layout.addWidget(self.preset_box)
        layout.addWidget(self._origin)
        layout.addWidget(self._counts)
        return head

    def _fill_presets(self) -> None:
        for preset in self._presets:
            self.preset_box.addItem(preset.title, preset.key)
        self.preset_box.currentIndexChanged.connect(self._preset_chosen)

    def _grid(self, names: Any, specs: dict[str, FieldSpec]) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.SPACE)
        grid.setVerticalSpacing(theme.SPACE // 2)
        grid.setColumnStretch(2, 1)
        grid.setColumnMinimumWidth(0, _label_width())
        for name in names:
            editor = self._editor(name, specs[name])
            editor.changed.connect(self._refresh)
            self.editors[name] = editor
            self._rows[name] = FieldRow(name, specs[name], editor, grid)
            self._rows[name].reset.clicked.connect(lambda _=False, n=name: self._reset(n))
        return grid

    def _editor(self, name: str, spec: FieldSpec) -> Editor:
        if name == "old_classes":
            made = OldClassesEditor(spec, self, self._class_names)
            made.line.setPlaceholderText(PLACEHOLDERS[name])
            made.list_wanted.connect(self.classes_wanted)
            return made
        return editor_for(name, spec, self)

    # ---- reactions ---------------------------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        if self._quiet:
            return
        self._show_margin_hint()
        changes = set(self.changes)
        for name, row in self._rows.items():
            row.show_state(name in changes)
        hidden = sum(1 for name in changes if self._more.isAncestorOf(self.editors[name]))
        self._fold.setText(f"More settings ({hidden} changed)" if hidden else "More settings")
        self._count.setText(f"{units.count(len(changes), 'field')} changed" if changes else "")
        self._counts.setVisible(bool(changes))
        self._problem.setText(next(iter(self.problems()), ""))
        plain.set_tip(self._problem, "\n".join(self.problems()))
        self.changed.emit()

    def _show_margin_hint(self) -> None:
        margin, methods = self.editors["logit_margin"], self.editors["methods"]
        if isinstance(methods, MethodList):
            methods.set_margin_hint(None if margin.problem() else margin.value())

    def _reset(self, name: str) -> None:
        self.editors[name].set_value(flat(self._base)[name])
        self.editors[name].setFocus()

    @Slot()
    def _preset_chosen(self) -> None:
        preset = next((p for p in self._presets if p.key == self.preset_box.currentData()), None)
        if preset is not None and not self._quiet:
            what = {name: self.editors[name].value() for name in ("data", "old", "old_classes")}
            self.set_recipe(preset.applied_to(dataclasses.replace(preset.recipe, **what)))

    def _choose_silently(self, key: str) -> None:
        self._quiet = True
        self.preset_box.setCurrentIndex(self.preset_box.findData(key) if key else -1)
        self.preset_box.setPlaceholderText("Own recipe")
        self._quiet = False


def _label_width() -> int:
    """One for all sections, so that their fields begin at one edge; changed labels are bold."""
    names = [name for _, section in SECTIONS for name in section if name != "methods"]
    return max(plain.label(title_of(name), bold=True).sizeHint().width() for name in names)
