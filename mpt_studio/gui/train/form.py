"""The recipe of an update as a form, made from the dataclasses: nothing here knows a range or a default of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from mpt_studio.errors import UserError
from mpt_studio.files.kinds import PREDICTIONS, WEIGHTS
from mpt_studio.gui.train.field_editors import (
    ArchitectureEditor,
    ChoiceEditor,
    DataEditor,
    Editor,
    FileEditor,
    FlagEditor,
    NumberEditor,
    OldClassesEditor,
    TextEditor,
)
from mpt_studio.gui.train.form_fields import FieldSpec, built, flat, flat_specs
from mpt_studio.gui.train.method_list import MethodList
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.forms import filters
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.recipe import UpdateRecipe, checked, presets

_PROBLEM_LINES = 2
ARCHITECTURES = (
    "small",
    "resnet18",
    "resnet34",
    "resnet50",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_b0",
    "convnext_tiny",
    "densenet121",
    "vit_b_16",
)
LABELS = {
    "data": "Data",
    "old": "Old model",
    "logit_margin": "Logit margin b",
    "noise_floor": "Noise floor",
    "ensemble_size": "Ensemble size",
    "model.arch": "Architecture",
    "model.small_stem": "Small-image stem",
    "training.limit_train": "Training images",
    "training.validation_fraction": "Validation share",
    "training.clip_gradient": "Gradient norm limit",
    "training.deterministic": "Same bits on CUDA",
    "training.flip": "Mirror images",
    "training.save_every_seconds": "Save every (s)",
}
PLACEHOLDERS = {
    "old": "train one",
    "old_classes": "number or names",
    "logit_margin": "each method's own",
}
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What", ("data", "old_classes", "old")),
    ("Methods", ("methods", "logit_margin", "noise_floor")),
    ("Network and training", ("model.arch", "training.epochs", "training.batch_size", "training.learning_rate")),
)
"""Fields in sight; all others are under "More settings"."""


class RecipeForm(QWidget):
    """Shows and edits an ``UpdateRecipe``; ``form.set_recipe(r)`` makes ``form.recipe() == r``."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.class_names_of: Callable[[str], tuple[str, ...]] = lambda _: ()
        """The classes of data, by their spec; none where they are not known yet."""
        self.editors: dict[str, Editor] = {}
        self._rows: dict[str, _FieldRow] = {}
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
        match = next((p for p in self._presets if p.recipe == recipe), None)
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
            column.addWidget(_section_label(title))
            column.addLayout(self._grid(names, specs))
        self._fold = _FoldButton("More settings", self)
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
        self._origin = _Description([preset.description for preset in self._presets])
        self._origin.setAlignment(Qt.AlignmentFlag.AlignTop)
        theme.mark(self._origin, muted=True)
        self._count = plain.label("")
        theme.mark(self._count, muted=True)
        self._reset_all = QToolButton(self)
        self._reset_all.setText("Reset all")
        self._reset_all.clicked.connect(lambda: self._show(self._base))
        self._counts = QWidget(self)
        _keep_room(self._counts)
        counts = QHBoxLayout(self._counts)
        counts.setContentsMargins(0, 0, 0, 0)
        counts.addWidget(self._count, 1)
        counts.addWidget(self._reset_all)
        head = QWidget(self)
        layout = QVBoxLayout(head)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE // 2)
        layout.addWidget(_section_label("Start from"))
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
            self._rows[name] = _FieldRow(name, specs[name], editor, grid)
            self._rows[name].reset.clicked.connect(lambda _=False, n=name: self._reset(n))
        return grid

    def _editor(self, name: str, spec: FieldSpec) -> Editor:
        if name == "old_classes":
            made = OldClassesEditor(spec, self, self._class_names)
            made.line.setPlaceholderText(PLACEHOLDERS[name])
            return made
        return _editor_for(name, spec, self)

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
        self._count.setText(f"{plain.count(len(changes), 'field')} changed" if changes else "")
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
            self.set_recipe(preset.recipe)

    def _choose_silently(self, key: str) -> None:
        self._quiet = True
        self.preset_box.setCurrentIndex(self.preset_box.findData(key) if key else -1)
        self.preset_box.setPlaceholderText("Own recipe")
        self._quiet = False


class _FieldRow:
    """Label, editor, the mark that it was changed (a button that resets it), and the sentence of what is wrong."""

    def __init__(self, name: str, spec: FieldSpec, editor: Editor, grid: QGridLayout) -> None:
        self.editor = editor
        self.title = title_of(name)
        self.label = plain.label(self.title)
        self.label.setBuddy(editor)
        tip = "\n".join(text for text in (spec.help, spec.range_text and f"Range: {spec.range_text}") if text)
        for widget in (self.label, editor):
            plain.set_tip(widget, tip)
        for child in editor.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if not child.toolTip() and not isinstance(child, QToolButton):
                plain.set_tip(child, tip)
            child.setAccessibleName(child.accessibleName() or self.title)
        self.reset = QToolButton()
        self.reset.setText("↺")
        self.reset.setAutoRaise(True)
        self.reset.setFixedWidth(20)
        self.reset.setAccessibleName(f"Reset {self.title}")
        plain.set_tip(self.reset, "Changed; click to go back.")
        _keep_room(self.reset)
        row = grid.rowCount()
        tall = isinstance(editor, MethodList)
        if tall:
            grid.addWidget(editor, row, 0, 1, 3)
            self.label.setParent(editor)
            self.label.hide()
        else:
            grid.addWidget(self.label, row, 0)
            grid.addWidget(editor, row, 2)
        side = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight if tall else Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(self.reset, row, 2 if tall else 1, side)

    def problem(self) -> str:
        """What is wrong, as a sentence; empty where nothing is."""
        wrong = self.editor.problem()
        return wrong if wrong.endswith((".", "?")) else wrong and f"{self.title} {wrong}."

    def show_state(self, changed: bool) -> None:
        field, wrong = self.editor.focusProxy(), bool(self.editor.problem())
        if field is not None and bool(field.property("invalid")) != wrong:
            theme.mark(field, invalid=wrong)
        self.reset.setVisible(changed)
        font = self.label.font()
        font.setBold(changed)
        self.label.setFont(font)


class _Description(QLabel):
    """One of several texts, with room for the longest: showing another one moves nothing."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self._texts = texts
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)

    def heightForWidth(self, width: int) -> int:
        room, wraps = QRect(0, 0, width, 10_000), Qt.TextFlag.TextWordWrap
        heights = (self.fontMetrics().boundingRect(room, wraps, text).height() for text in [*self._texts, self.text()])
        return max(heights, default=0)


class _FoldButton(QToolButton):
    """Opens and closes what is below it."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setArrowType(Qt.ArrowType.RightArrow)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggled.connect(self._turn)

    @Slot(bool)
    def _turn(self, is_open: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)


def title_of(name: str) -> str:
    """ "training.batch_size" → "Batch size"."""
    return LABELS.get(name) or name.rpartition(".")[2].replace("_", " ").capitalize()


def _label_width() -> int:
    """One for all sections, so that their fields begin at one edge; changed labels are bold."""
    names = [name for _, section in SECTIONS for name in section if name != "methods"]
    return max(plain.label(title_of(name), bold=True).sizeHint().width() for name in names)


def _section_label(text: str) -> QWidget:
    label = plain.label(text.upper())
    theme.mark(label, section=True)
    return label


def _keep_room(widget: QWidget) -> None:
    """Nothing moves when it comes and goes."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def _editor_for(name: str, spec: FieldSpec, parent: QWidget) -> Editor:
    if name == "methods":
        return MethodList(spec, parent)
    if name == "data":
        return DataEditor(spec, parent)
    if name == "model.arch":
        return ArchitectureEditor(spec, parent, choices=ARCHITECTURES, free=True)
    if name == "training.device":
        return ChoiceEditor(spec, parent, choices=("auto", "cpu", "cuda", "mps"), free=True)
    if name == "old":
        made: Editor = FileEditor(spec, parent, files=filters(WEIGHTS, PREDICTIONS))
    else:
        kinds = {"flag": FlagEditor, "choice": ChoiceEditor, "text": TextEditor}
        made = kinds.get(spec.kind, NumberEditor)(spec, parent)
    if name in PLACEHOLDERS and isinstance(made, TextEditor | NumberEditor):
        made.line.setPlaceholderText(PLACEHOLDERS[name])
    return made
