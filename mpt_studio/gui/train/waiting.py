"""What stands beside the update whose curves are on show: the one that trains by now, and those that wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from mpt_studio.errors import UserError
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, empty
from mpt_studio.gui.workspace.outcomes import title_of
from mpt_studio.store import Store


class WaitingRow(QWidget):
    """A chip for each; hidden where there is none."""

    show_asked = Signal()
    """The one that trains is to be shown."""
    removed = Signal(str)
    """Id of an update that is to wait no more."""

    def __init__(self, store: Store, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._row = store, FlowLayout(self, spacing=6)

    def show_queue(self, trains: str, waiting: Sequence[str]) -> None:
        """``trains`` is the update that trains unseen; empty where its curves are on show, or none does."""
        empty(self._row)
        if trains:
            tip = "Trains by now; click to show its curves instead of these."
            self._add(f"Trains now: {self._title(trains)}", "open", tip, self.show_asked.emit)
        for update_id in waiting:
            tip = "Waits for its turn; click to take it out of the queue."
            self._add(f"Next: {self._title(update_id)}", "close", tip, partial(self.removed.emit, update_id))
        self.setVisible(self._row.count() > 0)

    def texts(self) -> list[str]:
        """What the chips say."""
        return [chip.text() for chip in self._chips()]

    def _chips(self) -> list[QToolButton]:
        widgets = [item.widget() for at in range(self._row.count()) if (item := self._row.itemAt(at)) is not None]
        return [widget for widget in widgets if isinstance(widget, QToolButton)]

    def _title(self, update_id: str) -> str:
        try:
            return title_of(self._store.job(update_id))
        except UserError:
            return update_id

    def _add(self, text: str, icon: str, tip: str, deed: Callable[[], None]) -> None:
        chip = QToolButton(self)
        chip.setText(plain.caption(text))
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_icon(chip, icon)
        theme.mark(chip, chip=True)
        plain.set_tip(chip, tip)
        chip.clicked.connect(lambda *_: deed())
        self._row.addWidget(chip)
