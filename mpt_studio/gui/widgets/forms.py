"""What dialogs are made of: a path to choose, a form with one primary button."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio import paths
from mpt_studio.files.kinds import Kind
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label


def filters(*kinds: Kind) -> str:
    """What a picker offers: all of these kinds together, each of them alone, and every file."""
    first, *others = kinds
    words = "".join([first.words, *(f" and {kind.words.lower()}" for kind in others)])
    together = Kind(words, tuple(dict.fromkeys(suffix for kind in kinds for suffix in kind.suffixes)))
    shown = [f"{k.words} ({' '.join(f'*{s}' for s in k.suffixes)})" for k in dict.fromkeys((together, *kinds))]
    return ";;".join([*shown, "All files (*)"])


class _PathDrop(QObject):
    """Takes a file or folder that is dropped on a line; Qt itself would write its address behind the text."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QDropEvent) or not (paths := dropped_paths(event.mimeData())):
            return super().eventFilter(watched, event)
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop and isinstance(watched, QLineEdit):
            watched.setText(str(paths[0]))
        return True


def dropped_paths(dropped: QMimeData) -> list[Path]:
    """The files and folders of this machine among what is dragged."""
    return [Path(url.toLocalFile()) for url in dropped.urls() if url.isLocalFile()]


def take_dropped_paths(line: QLineEdit, owner: QWidget) -> None:
    """A file or folder that is dropped on the line takes the place of its text, as long as ``owner`` lives."""
    line.installEventFilter(_PathDrop(owner))


def finder(text: str, name: str = "") -> QLineEdit:
    """A line that what is shown is searched with."""
    made = QLineEdit(placeholderText=text, clearButtonEnabled=True)
    made.setAccessibleName(name or text)
    return made


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
        take_dropped_paths(self.edit, self)
        self._button = QPushButton("Browse…")
        self._button.setAccessibleName(f"Browse for {name}")
        self._button.clicked.connect(lambda *_: self._browse(folder=self._folder))
        self._either = QMenu(self)
        self._either.addAction("A folder…").triggered.connect(lambda *_: self._browse(folder=True))
        self._either.addAction("One file…").triggered.connect(lambda *_: self._browse(folder=False))
        layout = bare(QHBoxLayout(self))
        layout.addWidget(self.edit, 1)
        layout.addWidget(self._button)

    def choose(self, *, folder: bool, filters: str) -> None:
        """Browse for a folder, for a file of these kinds, or for either: then a menu asks which."""
        self._folder, self._filters = folder, filters
        self._button.setMenu(self._either if folder and filters else None)  # type: ignore[arg-type] # Qt takes none

    def _browse(self, *, folder: bool) -> None:
        if folder:
            chosen = QFileDialog.getExistingDirectory(self, "Choose a folder", self._start)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, "Choose a file", self._start, self._filters)
        if chosen:
            self.edit.setText(chosen)

    @property
    def path(self) -> str:
        """What stands in the field, "~" written out; empty where nothing does."""
        text = self.edit.text().strip().strip('"')
        return str(paths.expanded(text)) if text else ""


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
        self.problem = label(wrap=True, muted=True)
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
