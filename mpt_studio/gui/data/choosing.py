"""Which data: one of the known kinds, with its folder or table where it needs one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.data.sources import SOURCES
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.forms import FormDialog, PathField, filters
from mpt_studio.gui.widgets.wheel import ComboBox


class DataChooser(QWidget):
    """A data set: one of the known kinds, with its folder where it needs one."""

    changed = Signal()

    def __init__(self, spec: str = "builtin", start: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.kind = ComboBox()
        self.kind.setAccessibleName("Kind of data")
        for key, source in SOURCES.items():
            self.kind.addItem(source.title, key)
        self.folder = PathField("folder of the data", folder=True, start=start)
        layout = bare(QVBoxLayout(self))
        layout.addWidget(self.kind)
        layout.addWidget(self.folder)
        self.set_spec(spec)
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.folder.changed.connect(self.changed)
        self._show_place()

    def _kind_changed(self) -> None:
        if SOURCES[self.kind.currentData()].optional:
            self.folder.edit.clear()  # it was another kind's
        self._show_place()
        self.changed.emit()

    def _show_place(self) -> None:
        source = SOURCES[self.kind.currentData()]
        self.folder.setVisible(bool(source.place))
        self.folder.choose(folder=source.place == "folder", filters=filters(source.files) if source.files else "")

    def set_spec(self, spec: str) -> None:
        """Show a spec string."""
        kind, _, folder = spec.partition(":")
        self.kind.setCurrentIndex(max(0, self.kind.findData(kind)))
        self.folder.edit.setText(folder)

    @property
    def spec(self) -> str:
        """The spec string; empty while the folder is missing."""
        kind, source = self.kind.currentData(), SOURCES[self.kind.currentData()]
        if source.place and self.folder.path:
            return f"{kind}:{self.folder.path}"
        return kind if source.optional or not source.place else ""


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
