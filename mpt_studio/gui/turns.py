"""Work that is repeated while things change, in parts: nothing else in the window waits for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer, Slot

REPEAT_MS = 33
"""At most 30 repetitions per second, and none when nothing changed."""
PART_MS = 6
"""Between parts: what one has changed is painted, what the user does is heard."""


class Turns(QObject):
    """Runs the parts that ``begin`` yields, one per turn of the event loop; each ``yield`` ends a part."""

    def __init__(self, begin: Callable[[], Iterator[None]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._begin = begin
        self._parts: Iterator[None] | None = None
        self._wanted = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        """Whether parts are still to come."""
        return self._timer.isActive()

    def want(self) -> None:
        """Something changed: the work is done soon, once more if it is going on."""
        self._wanted = True
        if not self._timer.isActive():
            self._timer.start(REPEAT_MS)

    @Slot()
    def _go_on(self) -> None:
        if self._parts is None:
            self._parts, self._wanted = self._begin(), False
        if next(self._parts, self) is None:
            self._timer.start(PART_MS)
            return
        self._parts = None
        if self._wanted:
            self._timer.start(REPEAT_MS)
