"""Short jobs that run beside the window: what they are called, how far they are, how to cancel them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from mpt_studio.compare.stop import Cancelled
from mpt_studio.errors import UserError


class Job(QObject):
    """A running job as the log panel shows it. Exactly one ``finished`` follows, also after ``cancel``."""

    progressed = Signal(str, float)
    """Sentence and fraction done; a negative fraction is unknown."""
    finished = Signal()

    def __init__(self, title: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.is_finished = False
        self.is_cancelled = False

    def cancel(self) -> None:
        """Drop the job; neither result nor error is delivered afterwards."""
        self.is_cancelled = True
        self.finish()

    def finish(self) -> None:
        """Tell the end, once."""
        if not self.is_finished:
            self.is_finished = True
            self.finished.emit()


class PoolJob(Job):
    """A pure computation in Qt's thread pool; its result arrives in the window's thread.

    A cancelled one may compute on for a while, but nobody hears of it.
    """

    _done = Signal(object)
    _failed = Signal(str, str)

    def __init__(
        self,
        title: str,
        work: Callable[[], Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[str, str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._on_result, self._on_error = on_result, on_error
        self._done.connect(self._deliver)
        self._failed.connect(self._report)
        self._work = work

    def start(self) -> None:
        """Hand the work to the pool."""
        QThreadPool.globalInstance().start(Runnable(self._run))

    def _run(self) -> None:
        if self.is_cancelled:
            return
        try:
            self._done.emit(self._work())
        except Cancelled:
            return
        except UserError as error:
            self._failed.emit(str(error), "")
        except Exception as error:  # reported in the window, with its trace
            self._failed.emit(f"{self.title} failed ({type(error).__name__}).", traceback.format_exc())

    @Slot(object)
    def _deliver(self, result: Any) -> None:
        if not self.is_cancelled:
            self.finish()
            self._on_result(result)

    @Slot(str, str)
    def _report(self, sentence: str, detail: str) -> None:
        if not self.is_cancelled:
            self.finish()
            self._on_error(sentence, detail)


class StoppableJob(PoolJob):
    """Work that tells how far it is and asks whether to stop: ``work(progress, stop)``; what it wrote by then stays."""

    _moved = Signal(str, float)

    def __init__(
        self,
        title: str,
        work: Callable[[Callable[[str, float | None], None], Callable[[], bool]], Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[str, str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(title, lambda: work(self._tell, lambda: self.is_cancelled), on_result, on_error, parent)
        self._moved.connect(self.progressed)

    def _tell(self, sentence: str, fraction: float | None) -> None:
        self._moved.emit(sentence, -1.0 if fraction is None else fraction)


class Runnable(QRunnable):
    """A function for a thread pool."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__()
        self._run = run

    def run(self) -> None:
        try:
            self._run()
        except RuntimeError:  # the window, and with it the job, is gone
            return
