"""What decoded images and features take of the disk, how much they may take, where, and how to be rid of them.

The window's ``mpt-studio cache``: the same words, from the same place.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.data import room
from mpt_studio.errors import UserError
from mpt_studio.gui.widgets.plain import label, short_spec, tip
from mpt_studio.gui.widgets.tables import of_whole_rows

COLUMNS = ("Data", "Kept as", "Last used", "Size")
_INTRO = (
    "Every image file is decoded once and kept, and so is what frozen networks see of it. All of it may be deleted at "
    "any time and is made again when it is needed."
)
_LIMITS = "A share of the free disk, as 25%, a size, as 20GB, or 0 for nothing"


class DecodedDialog(QDialog):
    """Every change takes effect at once; a refusal is a sentence below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Decoded images and features")
        self.setAccessibleName("Decoded images and features")
        self.resize(760, 440)
        self.table = _table()
        self.limit = QLineEdit()
        self.limit.setAccessibleName("Limit")
        self.limit.setPlaceholderText(_LIMITS)
        self.limit.setToolTip(tip(_LIMITS))
        self.limit.textChanged.connect(lambda _: self._follow())
        self.set_limit = _button("Set", "Set the limit", self._set_limit)
        self.folder = QLineEdit(readOnly=True)
        self.folder.setAccessibleName("Folder")
        self.choose = _button("Choose…", "Choose the folder", self._ask_folder)
        self.told = label(wrap=True, muted=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.empty = self.buttons.addButton("Delete all", QDialogButtonBox.ButtonRole.ResetRole)
        self.empty.setAutoDefault(False)
        self.empty.clicked.connect(lambda *_: self._do(self._empty))
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.refresh()
        self.limit.setFocus()

    def _lay_out(self) -> None:
        form = QGridLayout()
        form.setHorizontalSpacing(16)
        for row, (title, field, button) in enumerate(
            (("Limit", self.limit, self.set_limit), ("Folder", self.folder, self.choose))
        ):
            for column, part in enumerate((label(title), field, button)):
                form.addWidget(part, row, column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        layout.addWidget(label(_INTRO, wrap=True))
        layout.addWidget(self.table, 1)
        layout.addLayout(form)
        layout.addWidget(self.told)
        layout.addWidget(self.buttons)

    def refresh(self, before: str = "") -> None:
        """Show what there is, and say it after ``before``."""
        entries = room.entries()
        self.table.setRowCount(len(entries))
        for row, entry in enumerate(entries):
            self._show(row, entry)
        self.limit.setText(room.limit_text())
        self.folder.setText(str(room.home()))
        self.empty.setEnabled(bool(entries))
        self._follow()
        try:
            self.told.setText(f"{before} {room.sentence()}".strip())
        except UserError as error:  # a variable that is no limit
            self.told.setText(str(error))

    def _show(self, row: int, entry: room.Entry) -> None:
        used = time.strftime("%Y-%m-%d", time.localtime(entry.used))
        texts = (short_spec(entry.data), entry.folder.name, used, room.as_size(entry.bytes))
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(tip(entry.data if column == 0 else str(entry.folder)))
            if column == len(COLUMNS) - 1:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)

    def _follow(self) -> None:
        """The button asks for Enter where the limit is another than the one in force."""
        changed = self.limit.text().strip() != room.limit_text()
        self.set_limit.setEnabled(changed)
        self.set_limit.setDefault(changed)

    def _set_limit(self) -> None:
        self._do(lambda: room.set_limit(self.limit.text()))

    def _empty(self) -> str:
        return f"{room.as_size(room.empty())} were freed."

    def _ask_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of decoded images and features", self.folder.text())
        if chosen:
            self._do(lambda: room.set_folder(chosen))

    def _do(self, deed: Callable[[], str | None]) -> None:
        try:
            done = deed()
        except UserError as error:
            self.told.setText(str(error))
        else:
            self.refresh(done or "")


def _table() -> QTableWidget:
    table = of_whole_rows(QTableWidget(0, len(COLUMNS)), "What is kept")
    table.setObjectName("decoded")  # the style sheet pads its cells
    table.setHorizontalHeaderLabels(COLUMNS)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setWordWrap(False)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table


def _button(text: str, name: str, deed: Callable[[], None]) -> QPushButton:
    made = QPushButton(text)
    made.setAccessibleName(name)
    made.setAutoDefault(False)
    made.clicked.connect(lambda *_: deed())
    return made
