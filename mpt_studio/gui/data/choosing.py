"""Which data: one of the known kinds, with its folder or table where it needs one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.gui.widgets.forms import FormDialog, PathField

DATA_KINDS = (
    ("builtin", "Built-in characters", False),
    ("fashion-mnist", "Fashion-MNIST", False),
    ("cifar10", "CIFAR-10 (folder of the python version)", True),
    ("cifar100", "CIFAR-100 (folder of the python version)", True),
    ("folder", "A folder of images, one folder per class", True),
    ("manifest", "A table of images and their labels (CSV)", True),
)
"""(kind, text, whether it needs a folder or a file)"""
_TABLES = "Tables (*.csv *.tsv *.txt);;All files (*)"


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
