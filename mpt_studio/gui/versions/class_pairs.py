"""The class doctor on what is open: for any two class lists in a dialog, and for the two that block a comparison."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QVBoxLayout, QWidget

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.compare.matching.aligned import with_own_labels
from mpt_studio.errors import UserError
from mpt_studio.gui.versions.class_doctor import ClassDoctor, Pair, is_long
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

DATA = "data:"
"""Key of the data among the versions."""


def classes_of(version: Version, *, as_update: bool = False) -> tuple[str, ...]:
    """Class names in the order of the outputs; empty where they are not known.

    ``as_update``: a version that is known by its answers alone also knows the classes of its labels.
    """
    if version.predictions is not None:
        found = with_own_labels(version.predictions) if as_update else version.predictions
        return found.class_names
    if version.reading is not None:
        return version.reading.class_names
    try:
        return read_checkpoint(Path(version.checkpoint)).class_names if version.checkpoint else ()
    except UserError:
        return ()


def pair_of(workspace: Workspace, old: Version, new: Version) -> Pair | None:
    """The two versions' lists; None where one is not known."""
    before, after = classes_of(old), classes_of(new, as_update=True)
    if not before or not after:
        return None
    return Pair(before, after, workspace.store.root, (old.label, new.label))


class ClassDoctorDialog(QDialog):
    """The doctor for any two of what is open."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Class doctor")
        self.resize(900, 620)
        self.old, self.new = ComboBox(), ComboBox()
        self.old.setAccessibleName("Classes of the old model")
        self.new.setAccessibleName("Classes of the other version or of the data")
        self.doctor = ClassDoctor()
        self.doctor.applied.connect(self._applied)
        row = QHBoxLayout()
        for word, box in (("Old model", self.old), ("against", self.new)):
            row.addWidget(label(word))
            row.addWidget(box, 1)
            box.activated.connect(lambda _: self._show())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.doctor, 1)
        layout.addWidget(buttons)
        workspace.versions_changed.connect(self._fill)
        workspace.data_changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        """Offer what is open now; what was chosen stays where it is still there."""
        before = self.old.currentData(), self.new.currentData()
        wanted = [v for v in self._workspace.versions if classes_of(v)]
        old, current, data = self._workspace.old, self._workspace.current, self._workspace.dataset
        starts = (old.key if old else None, current.key if current else DATA)
        for box, key, start in zip((self.old, self.new), before, starts, strict=True):
            box.clear()
            for version in wanted:
                box.addItem(version.label, version.key)
            if box is self.new and data is not None:
                box.addItem("The data that are open", DATA)
            at = box.findData(key if key is not None else start)
            box.setCurrentIndex(max(at, 0))
        self._show()

    def _show(self) -> None:
        pair = self._pair()
        if pair != self.doctor.pair or pair is None:
            self.doctor.show_pair(pair)

    def _pair(self) -> Pair | None:
        workspace = self._workspace
        old, new = workspace.version(self.old.currentData() or ""), workspace.version(self.new.currentData() or "")
        if old is None:
            return None
        if new is not None:
            return pair_of(workspace, old, new)
        data, names = workspace.dataset, classes_of(old)
        known = data.class_names if data is not None else ()
        return Pair(names, known, workspace.store.root, (old.label, "the data")) if names and known else None

    def _applied(self) -> None:
        old = self._workspace.old
        if old is not None and old.key == self.old.currentData():
            self._workspace.compare_again(str(self.new.currentData()))


class BlockedPage(ClassDoctor):
    """Covers the page while the candidate on show has classes that nothing explains."""

    ready = Signal()
    """Long lists have been put side by side; ask ``covers`` again."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.applied.connect(self._compare_again)

    def covers(self) -> bool:
        """Whether classes are what is in the way of the comparison on show."""
        old, current = self._workspace.old, self._workspace.current
        pair = None
        if old and current and current.problem and old.predictions and current.predictions:
            pair = pair_of(self._workspace, old, current)
        if pair != self.pair:
            self.show_pair(pair, self.ready.emit if pair is not None and is_long(pair) else lambda: None)
        return self.diagnosis is not None and self.diagnosis.blocked

    def _compare_again(self) -> None:
        if self._workspace.current is not None:
            self._workspace.compare_again(self._workspace.current.key)
