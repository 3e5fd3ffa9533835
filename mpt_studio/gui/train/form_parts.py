"""The parts of the recipe's form: a row for each field, what fields are called, which editor each has."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from mpt_studio.files.kinds import PREDICTIONS, WEIGHTS
from mpt_studio.gui.train.field_editors import (
    ArchitectureEditor,
    ChoiceEditor,
    DataEditor,
    Editor,
    FileEditor,
    FlagEditor,
    NumberEditor,
    StartEditor,
    TextEditor,
)
from mpt_studio.gui.train.form_fields import FieldSpec
from mpt_studio.gui.train.method_list import MethodList
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.forms import filters
from mpt_studio.recipe.words import PLACEHOLDERS, title_of

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


class FieldRow:
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
        keep_room(self.reset)
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


class Description(QLabel):
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


def section_label(text: str) -> QWidget:
    label = plain.label(text.upper())
    theme.mark(label, section=True)
    return label


def keep_room(widget: QWidget) -> None:
    """Nothing moves when it comes and goes."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def editor_for(name: str, spec: FieldSpec, parent: QWidget) -> Editor:
    if name == "methods":
        return MethodList(spec, parent)
    if name == "start.start":
        return StartEditor(spec, parent)
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
