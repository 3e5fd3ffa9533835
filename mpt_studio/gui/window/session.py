"""What was open is brought back at the next start: kept whenever it changes, as a whole, for each store.

Where two windows are open on one store, each keeps what it shows, and what the last one kept comes back.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.window.pages import START, Pages
from mpt_studio.gui.workspace.place import Place, Returning, place_of
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.made_of import MisfitError, made_of

_RESTS_MS = 700
"""After the last change, until it is written."""


class Session(QObject):
    """Keeps the place and the page of one window."""

    kept = Signal(object)
    """The ``Place`` that was written."""

    def __init__(self, workspace: Workspace, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._pages = workspace, pages
        self._file = JsonFile("session.json")
        self._store = str(workspace.store.root)
        self.returning = Returning(workspace)
        self._rest = QTimer(self, singleShot=True, interval=_RESTS_MS)
        self._rest.timeout.connect(self.keep)

    def begin(self, *, fresh: bool) -> None:
        """Bring back what was open last, or ``fresh`` nothing; from now on, what is open is kept."""
        known = self._file.values.get(self._store)
        known = known if isinstance(known, dict) else {}
        if known.get("returning"):
            sentence = "The last start ended while it opened what was open before, so this one begins empty."
            self._workspace.message.emit("warning", sentence, "")
        elif not fresh:
            self._return(known)
        self._listen()

    def _return(self, known: dict[str, Any]) -> None:
        place = _place(known.get("place"))
        if not place.is_empty:
            self._file.set(**{self._store: {**known, "returning": True}})  # until it is known that the program lives on
            self.bring_back(place)
        page = known.get("page")
        if isinstance(page, str) and page in self._pages.buttons:
            self._pages.show_page(page)

    def bring_back(self, place: Place) -> None:
        """Open a place instead of what is open."""
        self._workspace.clear()
        self.returning.bring_back(place)

    def _listen(self) -> None:
        workspace = self._workspace
        for signal in (
            workspace.versions_changed,
            workspace.data_changed,
            workspace.comparison_changed,
            workspace.filter_changed,
            workspace.selection_changed,
            self._pages.changed,
            self.returning.ended,
        ):
            signal.connect(self._rest.start)
        self._rest.start()

    @Slot()
    def keep(self) -> None:
        """Write what is open; while it is still being brought back, what was kept before stays."""
        self._rest.stop()
        if self.returning.is_busy:
            return
        place = place_of(self._workspace)
        page = self._pages.key if self._pages.key != START else ""
        self._file.set(**{self._store: {"page": page, "place": dataclasses.asdict(place)}})
        self.kept.emit(place)

    def close(self) -> None:
        """The window closes in good order."""
        if self.returning.is_busy:
            known = self._file.values.get(self._store, {})
            self._file.set(**{self._store: {name: value for name, value in known.items() if name != "returning"}})
        self.keep()
        self._workspace.closing.connect(self._rest.stop)


def _place(values: object) -> Place:
    """A file that somebody else wrote, or a newer program, brings nothing back."""
    if not isinstance(values, dict):
        return Place()
    try:
        return made_of(Place, values)
    except MisfitError:
        return Place()
