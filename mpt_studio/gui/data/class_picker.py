"""Which classes the old model knows, picked from the list of them: with counts, images and a filter."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from mpt_studio.data import Dataset
from mpt_studio.data.classes import old_classes_text, resolve_old_classes
from mpt_studio.errors import UserError
from mpt_studio.gui.data.class_list import Asks, ClassList
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.forms import finder
from mpt_studio.gui.widgets.plain import label, set_tip, short_spec
from mpt_studio.gui.widgets.wheel import SpinBox
from mpt_studio.gui.workspace.loading import DataOpening
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count


class ClassPicker(QWidget):
    """The list with what ticks many at once; ``text`` is what a recipe has for the ticked ones."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = ClassList(self)
        self.words = finder("Filter classes")
        self.summary = label("", muted=True)
        self.number = SpinBox(self)
        self.number.setAccessibleName("How many of the first classes")
        self.tick_all = self._button("All", "Tick every class that the filter shows")
        self.tick_none = self._button("None", "Take the ticks of every class that the filter shows")
        self.tick_first = self._button("First", "Tick the data's first classes, and no others")
        self._lay_out()
        self.setEnabled(False)
        self.words.textChanged.connect(self.list.classes.filter)
        self.tick_all.clicked.connect(lambda: self.list.classes.tick(self.list.classes.shown, True))
        self.tick_none.clicked.connect(lambda: self.list.classes.tick(self.list.classes.shown, False))
        self.tick_first.clicked.connect(self._tick_first)
        self.list.classes.ticked_changed.connect(self._tell)
        self.list.classes.modelReset.connect(self._tell)

    def _button(self, text: str, tip: str) -> QPushButton:
        made = QPushButton(text, self)
        made.setAutoDefault(False)
        set_tip(made, tip)
        return made

    def _lay_out(self) -> None:
        self.tools = QWidget(self)
        tools = bare(QHBoxLayout(self.tools), spacing=theme.SPACE // 2)
        for widget in (self.tick_all, self.tick_none, self.tick_first, self.number):
            tools.addWidget(widget)
        self.words.setMinimumHeight(self.tick_all.sizeHint().height())
        self.tools.hide()
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.tools)
        layout = bare(QVBoxLayout(self))
        layout.addLayout(line)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.summary)

    def show_classes(self, dataset: Dataset, text: str) -> None:
        """Show a data set's classes; those that ``text`` names are ticked, where it is right."""
        try:
            old = resolve_old_classes(text, dataset.class_names)
        except UserError:
            old = dataset.default_old_classes
        self._show(dataset, old, "ticks")

    def show_known(self, dataset: Dataset, old: tuple[str, ...] | None) -> None:
        """Show what an old model has said: nothing is left to tick; None while it is not known."""
        self._show(dataset, old or (), "nothing" if old is None else "words")

    def _show(self, dataset: Dataset, old: tuple[str, ...], asks: Asks) -> None:
        self.setEnabled(True)
        self.tools.setVisible(asks == "ticks")
        self.number.setRange(1, len(dataset.class_names))
        self.number.setValue(len(old) or max(1, len(dataset.class_names) // 2))
        self.list.show_classes(dataset, old, asks)

    @property
    def text(self) -> str:
        """As ``resolve_old_classes`` takes it; empty where nothing is ticked."""
        return old_classes_text(self.list.classes.old, self.list.classes.names)

    @Slot()
    def _tick_first(self) -> None:
        model = self.list.classes
        everything = np.arange(len(model.names))
        model.tick(everything, everything < self.number.value())

    @Slot()
    def _tell(self) -> None:
        model = self.list.classes
        everything, old = len(model.names), int(model.ticked.sum())
        new = count(everything - old, "new one") if old < everything else "none new"
        told = f"{count(old, 'old class', 'old classes')}, {new}"
        self.summary.setText(told if model.asks != "nothing" else count(everything, "class", "classes"))
        self.changed.emit()

    def close_images(self) -> None:
        """Stop decoding; call before the window goes."""
        self.list.thumbnails.close()


class ClassPickerDialog(QDialog):
    """Opens the data where they are not open yet; ``picked`` follows with the recipe's text."""

    picked = Signal(str)
    opened = Signal(object)
    """The ``Dataset``, once its classes are there."""

    def __init__(self, workspace: Workspace, spec: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Old classes")
        self.setAccessibleName("Old classes")
        self.resize(640, 640)
        self._text = text
        self.state = label(f"Opening {short_spec(spec)} …", wrap=True)
        self.picker = ClassPicker(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton("Take these", QDialogButtonBox.ButtonRole.AcceptRole)
        theme.mark(self.ok, primary=True)
        self.ok.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(2 * theme.SPACE)
        layout.addWidget(self.state)
        layout.addWidget(self.picker, 1)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.picker.changed.connect(lambda: self.ok.setEnabled(bool(self.picker.text)))
        self.finished.connect(self.picker.close_images)
        self._open(workspace, spec)

    def _open(self, workspace: Workspace, spec: str) -> None:
        dataset = workspace.dataset
        if dataset is not None and dataset.spec == spec:
            self._show(dataset)
            return
        opening = DataOpening(self)
        opening.opened.connect(self._show)
        opening.failed.connect(self._fail)
        opening.job_started.connect(workspace.job_started)
        opening.open(spec, workspace.worker)

    @Slot(object)
    def _show(self, dataset: Dataset) -> None:
        self.state.setText("Tick the classes that the deployed model knows.")
        self.picker.show_classes(dataset, self._text)
        self.picker.words.setFocus()
        self.opened.emit(dataset)

    @Slot(str, str)
    def _fail(self, sentence: str, _detail: str) -> None:
        theme.mark(self.state, error=True)
        self.state.setText(sentence)

    @Slot()
    def _accept(self) -> None:
        self.picked.emit(self.picker.text)
        self.accept()
