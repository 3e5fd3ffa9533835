"""An update that trains, as a job of the log panel: one bar over all of its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject

from mpt_studio.events import Event, Paused, Stage, Started, Step
from mpt_studio.gui.background import Job


class UpdateProgress(Job):
    """Follows an update's events. Cancel asks for stop-and-keep; the job lasts until the update has ended."""

    def __init__(self, title: str, stop: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(title, parent)
        self._stop = stop
        self._stage: Stage | None = None
        self._epochs = 0
        self._within = 0.0
        self._state = ""

    def cancel(self) -> None:
        self._state = "stopping, what is ready is kept"
        self._tell()
        self._stop()

    def take(self, events: Iterable[tuple[str, Event]]) -> None:
        """Move on with a batch of (run id, event)."""
        for _run, event in events:
            if isinstance(event, Stage):
                self._stage, self._within, self._epochs = event, 0.0, 0
            elif isinstance(event, Started):
                self._epochs = event.epochs
            elif isinstance(event, Step):
                self._within = event.epoch
            elif isinstance(event, Paused):
                self._state = "paused" if event.paused else ""
        self._tell()

    def _tell(self) -> None:
        if self._stage is None:
            self.progressed.emit(self._state or "starting", -1.0)
            return
        part = min(1.0, self._within / self._epochs) if self._epochs else 0.0
        where = f"{self._stage.label} ({self._stage.index + 1} of {self._stage.count})"
        now = min(int(self._within) + 1, self._epochs)  # the one that is trained, as the Train page counts
        epochs = f", epoch {now} of {self._epochs}" if self._epochs else ""
        state = f", {self._state}" if self._state else ""
        self.progressed.emit(where + epochs + state, (self._stage.index + part) / max(1, self._stage.count))
