"""Work of which only the newest request counts: a newer one cancels those before it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot

from mpt_studio.compare import Cancelled
from mpt_studio.compare.stop import Stop, never
from mpt_studio.errors import UserError
from mpt_studio.gui.background import Runnable

DIRECT_SAMPLES = 100_000
"""Up to so many samples, filters, facets and sorts take less than a frame and are done at once."""


class Latest(QObject):
    """One thread beside the window. Results arrive in the window's thread, unless a newer request came."""

    _done = Signal(int, object)
    _failed = Signal(int, str, str)

    def __init__(self, on_error: Callable[[str, str], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_error = on_error
        self._on_result: Callable[[Any], None] = lambda _: None
        self._newest = 0
        self.is_busy = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._done.connect(self._deliver)
        self._failed.connect(self._report)

    def ask(self, work: Callable[[Stop], Any], on_result: Callable[[Any], None], *, beside: bool) -> None:
        """Hand ``work(stop)``'s result to ``on_result``: later, or before this returns where not ``beside``."""
        self.cancel()
        self._on_result, self.is_busy = on_result, True
        number = self._newest
        if beside:
            self._pool.start(Runnable(lambda: self._run(number, lambda: work(lambda: self._newest != number))))
        else:
            self._run(number, lambda: work(never))

    def cancel(self) -> None:
        """Nobody hears of what was asked before."""
        self._newest += 1
        self.is_busy = False
        self._pool.clear()

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        try:
            self._done.emit(number, work())
        except Cancelled:
            return
        except UserError as error:
            self._failed.emit(number, str(error), "")
        except Exception as error:  # reported in the window, with its trace
            self._failed.emit(number, f"Counting failed ({type(error).__name__}).", traceback.format_exc())

    @Slot(int, object)
    def _deliver(self, number: int, result: Any) -> None:
        if number == self._newest:
            self.is_busy = False
            self._on_result(result)

    @Slot(int, str, str)
    def _report(self, number: int, sentence: str, detail: str) -> None:
        if number == self._newest:
            self.is_busy = False
            self._on_error(sentence, detail)
