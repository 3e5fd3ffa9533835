"""Work that must not hold up the window: jobs of a thread pool, the newest of many requests, work in turns.

A ``Job`` has a title for the log, tells how far it is and can be cancelled. ``Latest`` computes what is on show and
forgets what was asked before. ``Turns`` stays in the window's thread and does a part between two frames.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal, Slot

from mpt_studio import compare
from mpt_studio.errors import UserError

if TYPE_CHECKING:
    from mpt_studio.compare.blocks import Stop

DIRECT_SAMPLES = 100_000
"""Up to so many samples, filters, facets and sorts take less than a frame and are done at once."""
REPEAT_MS = 33
"""At most 30 repetitions per second, and none when nothing changed."""
PART_MS = 6
"""Between parts: what one has changed is painted, what the user does is heard."""


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


def _do(title: str, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str, str], None]) -> None:
    """Hand over the work's result, or a sentence and detail; of cancelled work nothing is told."""
    try:
        done(work())
    except compare.Cancelled:
        return
    except UserError as error:
        failed(str(error), "")
    except Exception as error:  # reported in the window, with its trace
        failed(f"{title} failed ({type(error).__name__}).", traceback.format_exc())


class Job(QObject):
    """A running job as the log panel shows it. Exactly one ``finished`` follows, also after ``cancel``."""

    progressed = Signal(str, float)
    """Sentence and fraction done; a negative fraction is unknown."""
    finished = Signal()
    ending = "Cancel"
    """What ``cancel`` does, on its button."""

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
        if not self.is_cancelled:
            _do(self.title, self._work, self._done.emit, self._failed.emit)

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
            self._run(number, lambda: work(lambda: False))

    def cancel(self) -> None:
        """Nobody hears of what was asked before."""
        self._newest += 1
        self.is_busy = False
        self._pool.clear()

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        _do("Counting", work, partial(self._done.emit, number), partial(self._failed.emit, number))

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
