"""Editors of single fields: one look, ``value``, ``set_value``, ``problem`` and ``changed`` for every kind."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio import paths
from mpt_studio.data.classes import resolve_old_classes
from mpt_studio.data.sources import SOURCES
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.kinds import WEIGHTS
from mpt_studio.gui.train.form_fields import FieldSpec
from mpt_studio.gui.versions.architecture_field import known_architectures
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.forms import filters, take_dropped_paths
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.recipe import Start
from mpt_studio.recipe.words import number_text


class Editor(QWidget):
    """A field of the form. ``value`` is exact: what was set comes back equal as long as the user leaves it alone."""

    changed = Signal()

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.SPACE // 2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _hold(self, widget: QWidget) -> None:
        self._row.addWidget(widget, 1)
        self.setFocusProxy(widget)

    def _add_button(self, icon: str, name: str) -> QToolButton:
        button = QToolButton(self)
        theme.set_icon(button, icon, "muted")
        button.setAccessibleName(name)
        self._row.addWidget(button)
        return button

    def value(self) -> Any:
        """The value as typed; only meaningful where there is no ``problem``."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def problem(self) -> str:
        """Why the value will not do ("needs 1 ≤ value"); empty where it will."""
        return ""


class FlagEditor(Editor):
    """A check box."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.box = QCheckBox(self)
        self.box.toggled.connect(self.changed)
        self._hold(self.box)

    def value(self) -> bool:
        return self.box.isChecked()

    def set_value(self, value: Any) -> None:
        self.box.setChecked(bool(value))


class ChoiceEditor(Editor):
    """A list to choose from; with ``free`` any other text may be typed as well."""

    def __init__(
        self, spec: FieldSpec, parent: QWidget | None = None, *, choices: tuple[str, ...] = (), free: bool = False
    ) -> None:
        super().__init__(spec, parent)
        self.combo = ComboBox(self)
        self.combo.setEditable(free)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.combo.addItems(list(choices or spec.choices))
        self.combo.currentTextChanged.connect(self.changed)
        self._hold(self.combo)

    def value(self) -> str:
        return self.combo.currentText()

    def set_value(self, value: Any) -> None:
        self.combo.setCurrentText(str(value))

    def problem(self) -> str:
        return "" if self.value().strip() else "must not be empty"


class ArchitectureEditor(ChoiceEditor):
    """The network's name: common ones to pick, any that the program knows to type."""

    def problem(self) -> str:
        name = self.value().strip()
        if not name or name.startswith("timm/") or name in known_architectures():
            return super().problem()  # which of timm's there are is for the installed timm to say
        close = difflib.get_close_matches(name.lower(), known_architectures(), n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else "type a torchvision model or timm/NAME."
        return f"There is no architecture {one_sentence(name, 40)}; {hint}"


class TextEditor(Editor):
    """A line of text."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.line = QLineEdit(self)
        self.line.setMaxLength(100_000)
        self.line.textChanged.connect(self.changed)
        self._hold(self.line)

    def value(self) -> str:
        return self.line.text()

    def set_value(self, value: Any) -> None:
        self.line.setText(str(value))
        self.line.setCursorPosition(0)


class OldClassesEditor(TextEditor):
    """A count, names or a file of names; checked at every key where the classes of the data are known."""

    list_wanted = Signal()
    """The classes are to be picked from a list."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None, class_names: Callable[[], tuple[str, ...]]) -> None:
        super().__init__(spec, parent)
        self._class_names = class_names
        self.line.setMaxLength(10_000_000)
        take_dropped_paths(self.line, self)
        self.pick = self._add_button("check", "Pick the old classes from a list")
        self.pick.clicked.connect(self.list_wanted)

    def problem(self) -> str:
        names, text = self._class_names(), self.value()
        if not names or not text.strip():
            return ""
        try:
            resolve_old_classes(text, names)
        except UserError as error:
            return str(error)
        return ""


class FileEditor(TextEditor):
    """A path, typed or chosen."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None, *, files: str) -> None:
        super().__init__(spec, parent)
        self._files = files
        take_dropped_paths(self.line, self)
        self._add_button("folder", "Choose a file").clicked.connect(self._choose)

    def set_value(self, value: Any) -> None:
        """The end is shown, where the file's name is."""
        self.line.setText(str(value))
        self.line.end(False)

    @Slot()
    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a file", self.value(), self._files)
        if chosen:
            self.set_value(chosen)


class StartEditor(ChoiceEditor):
    """Where weights come from: one of the ways that have a name, or a weights file, typed, chosen or dropped."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent, choices=("auto", "scratch", "pretrained"), free=True)
        if (line := self.combo.lineEdit()) is not None:
            take_dropped_paths(line, self)
        self._add_button("folder", "Choose a weights file").clicked.connect(self._choose)

    def problem(self) -> str:
        file = Start(start=self.value().strip()).file
        try:
            if not file or paths.named(file).exists():
                return super().problem()
        except UserError as error:
            return str(error)
        return f"There is no weights file {one_sentence(file, 60)}; choose auto, scratch, pretrained or a file."

    @Slot()
    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a weights file", "", filters(WEIGHTS))
        if chosen:
            self.set_value(chosen)


_PLACELESS = tuple(kind for kind, source in SOURCES.items() if source.optional or not source.place)
"""Data that are complete without a folder or a file."""


class DataEditor(ChoiceEditor):
    """The data's spec string: known ones to pick, folders and tables to choose."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent, choices=_PLACELESS, free=True)
        if (line := self.combo.lineEdit()) is not None:
            take_dropped_paths(line, self)
        button = self._add_button("folder", "Choose the data's folder or table")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(button)
        for kind, source in SOURCES.items():
            if source.place == "folder":
                menu.addAction(f"{source.title}…").triggered.connect(lambda _=False, k=kind: self._choose(k))
            if source.files:
                one = ", one file" if source.place == "folder" else ""
                choose = partial(self._choose, kind, filters(source.files))
                menu.addAction(f"{source.title}{one}…").triggered.connect(lambda _=False, choose=choose: choose())
        button.setMenu(menu)

    def _choose(self, kind: str, files: str = "") -> None:
        if files:
            chosen, _ = QFileDialog.getOpenFileName(self, "Choose the file of the data", "", files)
        else:
            chosen = QFileDialog.getExistingDirectory(self, "Choose a data folder")
        if chosen:
            self.set_value(f"{kind}:{chosen}")


class NumberEditor(Editor):
    """A number in a line, checked at every key; Up and Down change a whole number by one.

    Numbers that have a word, such as "auto", are shown and typed as the word.
    """

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.line = QLineEdit(self)
        self.line.textChanged.connect(self.changed)
        self.line.installEventFilter(self)
        if spec.words:
            self.line.setCompleter(_completer(tuple(spec.words), self))
            self.line.editingFinished.connect(self._say_word)
        self._hold(self.line)

    def value(self) -> int | float | None:
        return self._read()[0]

    def set_value(self, value: Any) -> None:
        self.line.setText("" if value is None else self.spec.word_of(value) or number_text(value))

    def problem(self) -> str:
        value, wrong = self._read()
        return wrong or self.spec.problem(value)

    @Slot()
    def _say_word(self) -> None:
        """A number that has a word is never left standing as the number."""
        if word := self.spec.word_of(self.value()):
            self.line.setText(word)

    def _read(self) -> tuple[int | float | None, str]:
        text = self.line.text().strip().replace("−", "-")
        if not text:
            return None, ""
        if (named := self.spec.number_of(text)) is not None:
            return named, ""
        try:
            value = int(text) if self.spec.kind == "integer" else float(text)
        except ValueError:
            what = "a whole number" if self.spec.kind == "integer" else "a number, such as 0.05"
            return None, f"needs {', '.join((*self.spec.words, ''))}{'or ' if self.spec.words else ''}{what}"
        return (value, "") if math.isfinite(value) else (None, "needs a finite number")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self.spec.kind == "integer":
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
            value = self.value()
            if step and value is not None and not self.spec.problem(value + step):
                self.set_value(int(value) + step)
                return True
        return super().eventFilter(watched, event)


def _completer(words: tuple[str, ...], parent: QWidget) -> QCompleter:
    made = QCompleter(words, parent)
    made.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    made.setCompletionMode(QCompleter.CompletionMode.InlineCompletion)
    return made


class Stacked(Editor):
    """Base of editors that hold several lines of widgets."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.column = QVBoxLayout()
        self.column.setSpacing(2)
        self._row.addLayout(self.column, 1)
