"""The small dialogs of the shell: which data, which two versions, which model to update."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.errors import UserError
from mpt_studio.gui import theme
from mpt_studio.gui.plain import label
from mpt_studio.gui.versions import kind_of
from mpt_studio.recipe import UpdateRecipe

DATA_KINDS = (
    ("builtin", "Built-in characters", False),
    ("fashion-mnist", "Fashion-MNIST", False),
    ("cifar10", "CIFAR-10 (folder of the python version)", True),
    ("cifar100", "CIFAR-100 (folder of the python version)", True),
    ("folder", "A folder of images, one folder per class", True),
    ("manifest", "A table of images and their labels (CSV)", True),
)
"""(kind, text, whether it needs a folder or a file)"""
_WEIGHTS = "*.safetensors *.pth *.pt *.ckpt *.bin *.onnx *.json"
_ANSWERS = "*.csv *.tsv *.parquet *.npz"
_TABLES = "Tables (*.csv *.tsv *.txt);;All files (*)"
WEIGHT_FILES = f"Weights ({_WEIGHTS});;All files (*)"
VERSION_FILES = f"Weights and predictions ({_WEIGHTS} {_ANSWERS});;Predictions ({_ANSWERS});;{WEIGHT_FILES}"


class PathField(QWidget):
    """A path to type, paste or choose."""

    changed = Signal()

    def __init__(self, name: str, folder: bool = False, filters: str = "", start: str = "") -> None:
        super().__init__()
        self._folder, self._filters, self._start = folder, filters, start
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setMinimumWidth(320)
        self.edit.textChanged.connect(self.changed)
        button = QPushButton("Browse…")
        button.setAccessibleName(f"Browse for {name}")
        button.clicked.connect(self._browse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit, 1)
        layout.addWidget(button)

    def choose_files(self, filters: str) -> None:
        """Browse for files of these kinds; for folders where there are none."""
        self._folder, self._filters = not filters, filters

    def _browse(self) -> None:
        if self._folder:
            chosen = QFileDialog.getExistingDirectory(self, "Choose a folder", self._start)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, "Choose a file", self._start, self._filters)
        if chosen:
            self.edit.setText(chosen)

    @property
    def path(self) -> str:
        """What stands in the field, "~" written out; empty where nothing does."""
        text = self.edit.text().strip().strip('"')
        return str(Path(text).expanduser()) if text else ""


class DataChooser(QWidget):
    """A data set: one of the known kinds, with its folder where it needs one."""

    changed = Signal()

    def __init__(self, spec: str = "builtin", start: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of data")
        for _key, text, _needs in DATA_KINDS:
            self.kind.addItem(text)
        self.folder = PathField("folder of the data", folder=True, start=start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.kind)
        layout.addWidget(self.folder)
        self.set_spec(spec)
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.folder.changed.connect(self.changed)
        self._kind_changed()

    def _kind_changed(self) -> None:
        kind, _, needs_path = DATA_KINDS[self.kind.currentIndex()]
        self.folder.setVisible(needs_path)
        self.folder.choose_files(_TABLES if kind == "manifest" else "")
        self.changed.emit()

    def set_spec(self, spec: str) -> None:
        """Show a spec string."""
        kind, _, folder = spec.partition(":")
        kinds = [key for key, _, _ in DATA_KINDS]
        self.kind.setCurrentIndex(kinds.index(kind) if kind in kinds else 0)
        self.folder.edit.setText(folder)

    @property
    def spec(self) -> str:
        """The spec string; empty while the folder is missing."""
        kind, _, needs_folder = DATA_KINDS[self.kind.currentIndex()]
        if not needs_folder:
            return kind
        return f"{kind}:{self.folder.path}" if self.folder.path else ""


class FormDialog(QDialog):
    """A form with a sentence on top, what is still missing below, and one primary button."""

    def __init__(self, title: str, sentence: str, accept: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(600)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(12)
        self.problem = label(wrap=True)
        theme.mark(self.problem, muted=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        theme.mark(self.ok, primary=True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(16)
        layout.addWidget(label(sentence, wrap=True))
        layout.addLayout(self.form)
        layout.addStretch()
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)

    def showEvent(self, event: QShowEvent) -> None:
        """The buttons are made first, so Tab and the first focus would go to Cancel."""
        buttons = self.buttons.buttons()
        fields = [
            widget
            for widget in self.findChildren(QWidget)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.window() is self and widget not in buttons
        ]
        for before, after in pairwise([*fields, self.ok, *(button for button in buttons if button is not self.ok)]):
            self.setTabOrder(before, after)
        if not event.spontaneous():  # not when the window comes back
            fields[0].setFocus()
        super().showEvent(event)

    def check(self) -> None:
        """Say what is missing, or allow to go on."""
        problem = self.missing()
        self.problem.setText(problem)
        self.ok.setEnabled(not problem)

    def missing(self) -> str:
        """What is still missing, as a sentence; empty when complete."""
        raise NotImplementedError


class DataDialog(FormDialog):
    """Which data the versions answer on."""

    def __init__(self, spec: str = "builtin", start: str = "", parent: QWidget | None = None) -> None:
        super().__init__("Open data", "Which data should the versions answer on?", "Open", parent)
        self.data = DataChooser(spec, start)
        self.form.addRow("Data", self.data)
        self.data.changed.connect(self.check)
        self.check()

    def missing(self) -> str:
        return "" if self.data.spec else "Choose the folder or the table of the data."


class CompareDialog(FormDialog):
    """Which two versions to compare."""

    def __init__(self, spec: str = "builtin", start: str = "", parent: QWidget | None = None) -> None:
        sentence = "Choose the deployed version and the one that may replace it: files of weights, or of predictions."
        super().__init__("Compare two versions", sentence, "Compare", parent)
        self.old = PathField("old model", filters=VERSION_FILES, start=start)
        self.new = PathField("candidate", filters=VERSION_FILES, start=start)
        self.data = DataChooser(spec, start)
        self.form.addRow("Old model", self.old)
        self.form.addRow("Candidate", self.new)
        self.form.addRow("Data", self.data)
        for part in (self.old, self.new, self.data):
            part.changed.connect(self.check)
        self.check()

    @property
    def needs_data(self) -> bool:
        """Whether one of them is a file of weights, which has to be evaluated."""
        return any(is_weights(field.path) for field in (self.old, self.new))

    def missing(self) -> str:
        problem = version_problem("old model", self.old.path) or version_problem("candidate", self.new.path)
        if problem:
            return problem
        if self.old.path == self.new.path:
            return "Old model and candidate are the same file."
        return "Choose the folder of the data." if self.needs_data and not self.data.spec else ""


class UpdateDialog(FormDialog):
    """Data and old model of an update; the recipe's other fields follow in the form on the Train page."""

    def __init__(self, start: str = "", parent: QWidget | None = None) -> None:
        sentence = "Choose the data with all classes, and the model that is deployed now."
        super().__init__("Update my model", sentence, "Go on to the recipe", parent)
        self.data = DataChooser("folder:", start)
        self.has_old = QRadioButton("I have its checkpoint")
        self.train_old = QRadioButton("Train an old model first, on the classes that it should know")
        group = QButtonGroup(self)
        for button in (self.has_old, self.train_old):
            group.addButton(button)
            button.toggled.connect(self._choice_changed)
        self.old = PathField("checkpoint of the old model", filters=WEIGHT_FILES, start=start)
        self.classes = QLineEdit()
        self.classes.setPlaceholderText("a count (50), names (cat, dog), or a file with one name per line")
        self.classes.setAccessibleName("Old classes")
        self.form.addRow("Data", self.data)
        self.form.addRow("Old model", self.has_old)
        self.form.addRow("", self.old)
        self.form.addRow("", self.train_old)
        self.form.addRow("", self.classes)
        for part in (self.data, self.old):
            part.changed.connect(self.check)
        self.classes.textChanged.connect(self.check)
        self.has_old.setChecked(True)

    def _choice_changed(self) -> None:
        self.old.setVisible(self.has_old.isChecked())
        self.classes.setVisible(self.train_old.isChecked())
        self.check()

    def missing(self) -> str:
        if not self.data.spec:
            return "Choose the folder of the data."
        if self.has_old.isChecked():
            return checkpoint_problem(self.old.path)
        if not self.classes.text().strip() and self.data.spec != "builtin":
            return "Say which classes the old model knows."
        return ""

    def recipe(self, base: UpdateRecipe) -> UpdateRecipe:
        """``base`` with the chosen data and old model."""
        old = self.old.path if self.has_old.isChecked() else ""
        classes = "" if old else self.classes.text().strip()
        return dataclasses.replace(base, data=self.data.spec, old=old, old_classes=classes)


def is_weights(path: str) -> bool:
    """Whether a path is a file or folder of weights, by its looks."""
    try:
        return bool(path) and kind_of(Path(path)) in ("checkpoint", "weights")
    except UserError:
        return False


def version_problem(what: str, path: str) -> str:
    """Why a path is no version, as a sentence; empty where it may be one."""
    if not path:
        return f"Choose the {what}."
    try:
        kind = kind_of(Path(path))
    except UserError as error:
        return str(error)
    if kind in ("images", "table"):
        return f"{path} holds {'images' if kind == 'images' else 'no predictions'}; choose weights or predictions."
    return checkpoint_problem(path) if kind == "checkpoint" else ""


def checkpoint_problem(path: str) -> str:
    """Why a path is no file of weights, as a sentence; empty where it may be one, of whatever origin."""
    if not path:
        return "Choose the old model's checkpoint."
    try:
        kind = kind_of(Path(path))
        if kind == "checkpoint":
            read_checkpoint(Path(path))
    except UserError as error:
        return str(error)
    return "" if kind in ("checkpoint", "weights") else f"{path} is no file of weights; choose the old model's."


def ask_about_training(parent: QWidget) -> bool | None:
    """True: keep training in the background; False: stop and keep what is ready; None: stay."""
    box = QMessageBox(QMessageBox.Icon.Question, "Training goes on", "A training is running.", parent=parent)
    box.setInformativeText("It can go on in the background; the window finds it again when you open it.")
    keep = box.addButton("Keep training in the background", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop and keep what is ready", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    clicked = box.clickedButton()
    return True if clicked is keep else False if clicked is stop else None
