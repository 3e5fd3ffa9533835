"""The names of a network's outputs, one a line, counted against them while they are typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.class_lists import read_class_list
from mpt_studio.files.kinds import CLASS_LISTS
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.forms import filters
from mpt_studio.gui.widgets.plain import RIGHT, label, set_tip
from mpt_studio.units import count

_ROWS = 7


class ClassNamesField(QWidget):
    """A text field with the buttons that fill it."""

    changed = Signal()

    def __init__(
        self, outputs: int, names: Sequence[str], data_classes: Sequence[str], parent: QWidget | None = None
    ) -> None:
        """``outputs`` is 0 where the head is not known yet; ``data_classes`` are offered where they are as many."""
        super().__init__(parent)
        self._outputs = outputs
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName("Class names, one a line, in the order of the outputs")
        self.edit.setPlaceholderText("One name a line, in the order of the outputs")
        self.edit.setFixedHeight(_ROWS * self.fontMetrics().lineSpacing() + 12)
        self.edit.setTabChangesFocus(True)
        self.state = label(wrap=True)
        self.file = QPushButton("From a file…")
        self.file.clicked.connect(self._browse)
        self.data = QPushButton("Those of the data")
        self._offer(data_classes)
        row = QHBoxLayout()
        row.addWidget(self.file)
        row.addWidget(self.data)
        row.addWidget(self.state, 1)
        layout = bare(QVBoxLayout(self))
        layout.addWidget(self.edit)
        layout.addLayout(row)
        self._problem = ""
        self.edit.textChanged.connect(self._changed)
        self.set_names(names)
        self._changed()

    def _offer(self, names: Sequence[str]) -> None:
        fits = bool(names) and len(names) == self._outputs
        self.data.setEnabled(fits)
        why = (
            "The data's classes, in their order"
            if fits
            else f"The data have {count(len(names), 'class', 'classes')}, the network {count(self._outputs, 'output')}"
            if names
            else "No data are open"
        )
        set_tip(self.data, why)
        self.data.clicked.connect(lambda: self.set_names(names))

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "A file with the class names, one a line", "", filters(CLASS_LISTS)
        )
        if chosen:
            self.read(Path(chosen))

    def read(self, path: Path) -> None:
        """Take the names of a file, one a line."""
        try:
            self.set_names(read_class_list(path))
        except UserError as error:
            self._problem = str(error)
            self._show()

    def set_names(self, names: Sequence[str]) -> None:
        """Show these names."""
        self.edit.setPlainText("\n".join(names))

    @property
    def names(self) -> tuple[str, ...]:
        """What stands there; blank lines do not count."""
        return tuple(line.strip() for line in self.edit.toPlainText().splitlines() if line.strip())

    def _changed(self) -> None:
        self._problem = ""
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        problem, names = self._problem or self.problem(), self.names
        of = f" of {self._outputs:,}" if self._outputs else ""
        right = "" if problem or not names else f"{RIGHT} "
        self.state.setText(self._problem or f"{right}{len(names):,}{of} names")
        theme.mark(self.state, error=bool(self._problem), muted=not self._problem)

    def problem(self) -> str:
        """Why these names cannot be taken; empty where they can."""
        names = self.names
        if not names:
            return "Name the classes in the order of the network's outputs."
        double = next((name for name, times in Counter(names).items() if times > 1), None)
        if double is not None:
            return f"{one_sentence(double, 60)!r} is there twice; every output needs a name of its own."
        if self._outputs and len(names) != self._outputs:
            return f"{count(len(names), 'name')} for {count(self._outputs, 'output')}: they have to be as many."
        return ""
