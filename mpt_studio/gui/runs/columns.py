"""Which columns of the table are on show, in which order and how wide: chosen at the header, remembered."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from PySide6.QtCore import QByteArray, QObject, QPoint, Qt, QTimer, Slot
from PySide6.QtWidgets import QMenu, QTableView

from mpt_studio.gui.runs.rows import HEADERS, NAME, NOTE, TAGS
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.widgets.tables import Fitting

_RESTS_MS = 700
_TAGS_AT = 2
"""Where tags stand until somebody moves them: beside the name and what came of it."""


class Columns(QObject):
    """Follows a table's header."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._file, self._header = JsonFile("runs.json"), table.horizontalHeader()
        self._rest = QTimer(self, singleShot=True, interval=_RESTS_MS)
        self._rest.timeout.connect(self.keep)
        self._header.setSectionsMovable(True)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._ask)

    def bring_back(self, used: Collection[int]) -> None:
        """What was chosen before; where nothing was, or the program has other columns now, tags and notes are there
        where they are ``used``.
        """
        known = self._file.values
        found = False
        if known.get("columns") == list(HEADERS):
            try:
                state = base64.b64decode(str(known["header"]), validate=True)
                found = self._header.restoreState(QByteArray(state))
            except (KeyError, binascii.Error, ValueError):
                found = False
        if not found:
            self._header.moveSection(TAGS, _TAGS_AT)
            for column in (TAGS, NOTE):
                self._header.setSectionHidden(column, column not in used)
        self.fitting = Fitting(self._header, self._rest.start)
        self.fitting.is_over = found

    @Slot()
    def keep(self) -> None:
        """Write it."""
        self._rest.stop()
        self._file.set(columns=list(HEADERS), header=base64.b64encode(self._header.saveState().data()).decode())

    def show(self, column: int, shown: bool) -> None:
        """Show or hide a column; the name is always there."""
        self._header.setSectionHidden(column, not shown)
        if shown and not self._header.sectionSize(column):
            self._header.resizeSection(column, self._header.sectionSizeHint(column))
        self.keep()

    def menu(self) -> QMenu:
        """A tick for each column, in the order on screen."""
        made = QMenu(self._header)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place in range(self._header.count()):
            column = self._header.logicalIndex(place)
            action = made.addAction(HEADERS[column])
            action.setCheckable(True)
            action.setChecked(not self._header.isSectionHidden(column))
            action.setEnabled(column != NAME)
            action.toggled.connect(lambda shown, column=column: self.show(column, shown))
        return made

    def _ask(self, at: QPoint) -> None:
        self.menu().popup(self._header.viewport().mapToGlobal(at))
