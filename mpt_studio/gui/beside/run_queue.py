"""One update or search trains at a time; the others wait, on disk, for their turn."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal, Slot

from mpt_studio.errors import UserError
from mpt_studio.gui.beside.engine_thread import Batch, EngineThread
from mpt_studio.store import Search, Store, Update
from mpt_studio.store.compute import Compute

log = logging.getLogger(__name__)
ThreadMaker = Callable[[Store, str, bool, Sequence[str]], EngineThread]
Options = Callable[[bool], Sequence[str]]
"""Of the trainer's command line: where a job is done, by now. Called with whether it is a search."""


def _make_thread(store: Store, update_id: str, attach: bool, options: Sequence[str]) -> EngineThread:
    return EngineThread(store, update_id, attach=attach, options=options)


class RunQueue(QObject):
    """Owner of the only ``EngineThread``; what waits is "queued" in the store and survives the window."""

    changed = Signal()
    """What runs or what waits is different now."""
    started = Signal(str)
    """An update begins, or goes on, to be followed."""
    events = Signal(str, object)
    """Update id and its new events, a list of (run id or "", event)."""
    computed = Signal()
    """``compute`` is another one."""
    ended = Signal(str, str, str, str)
    """Update id, outcome, message, detail."""
    problem = Signal(str)
    """Why the store could not be looked through."""

    def __init__(
        self,
        store: Store,
        parent: QObject | None = None,
        make_thread: ThreadMaker = _make_thread,
        options: Options = lambda _: (),
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._make_thread, self._options = make_thread, options
        self._thread: EngineThread | None = None
        self.compute: Compute | None = None
        """Who works for what trains now, where it has a cluster."""
        self._waiting: dict[str, Sequence[str]] = {}
        """Each with the options that it was lined up with."""
        self._verdict = ("interrupted", "")
        self._closed = False

    @property
    def current(self) -> str:
        """Id of the update that trains now; empty where none does."""
        return self._thread.update_id if self._thread else ""

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the updates that wait, the next one first."""
        return tuple(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether an update trains now."""
        return self._thread is not None

    def restore(self) -> None:
        """At the start of the window: attach to what trains in the background, line up what was queued."""
        try:
            updates = self._store.jobs()
        except UserError as error:
            return self.problem.emit(str(error))
        active = next((u for u in updates if u.outcome in ("running", "paused") and u.is_active), None)
        if active is not None and self._thread is None:
            self._follow(active.id, True, ())
        for update in reversed(updates):  # the oldest first
            is_known = update.id == self.current or update.id in self._waiting
            if update.outcome == "queued" and not update.is_active and not is_known:
                self._line_up(update.id)
        self._next()

    def add(self, update_id: str) -> None:
        """Run or resume a job as soon as nothing else runs. Raises ``UserError`` where there is none."""
        update_id = self._store.job(update_id).id
        if update_id == self.current or update_id in self._waiting:
            return
        self._line_up(update_id)
        self._next()

    resume = add

    def _line_up(self, job_id: str) -> None:
        self._waiting[job_id] = self._options(self._store.is_search(job_id))

    def remove(self, update_id: str) -> None:
        """Take a waiting update out; one that never began is marked cancelled, another stays as it was."""
        if update_id not in self._waiting:
            return
        del self._waiting[update_id]
        with contextlib.suppress(UserError):
            if self._store.job(update_id).outcome == "queued":
                with self._store.write_job(update_id) as writer:
                    writer.finish("cancelled", "Taken out of the queue.")
        self.changed.emit()

    @Slot()
    def pause(self) -> None:
        self._tell(EngineThread.pause)

    @Slot()
    def go_on(self) -> None:
        self._tell(EngineThread.go_on)

    @Slot()
    def stop_and_keep(self) -> None:
        self._tell(EngineThread.stop_and_keep)

    @Slot()
    def cancel(self) -> None:
        self._tell(EngineThread.cancel)

    def _tell(self, what: Callable[[EngineThread], None]) -> None:
        if self._thread is not None:
            what(self._thread)

    def close(self, keep_training: bool = True) -> None:
        """Let go at the end of the window: the trainer goes on, or is asked to stop and keep what it has."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if not keep_training:
            with contextlib.suppress(UserError):
                thread.stop_and_keep()
        if not thread.detach():
            log.warning("The follower of %s did not end in time", thread.update_id)

    def _next(self) -> None:
        while self._thread is None and self._waiting and not self._closed:
            update_id = next(iter(self._waiting))
            options = self._waiting.pop(update_id)
            update = self._readable(update_id)
            if update is not None:
                self._follow(update_id, update.is_active, options)
        self.changed.emit()

    def _readable(self, update_id: str) -> Update | Search | None:
        try:
            return self._store.job(update_id)
        except UserError as error:
            log.warning("The queued update %s is gone: %s", update_id, error)
            return None

    def _follow(self, update_id: str, attach: bool, options: Sequence[str]) -> None:
        thread = self._make_thread(self._store, update_id, attach, options)
        thread.setParent(self)
        thread.events.connect(self._on_events)
        thread.computed.connect(self._on_computed)
        thread.ended.connect(self._on_ended)
        thread.finished.connect(self._on_finished)
        self._thread, self._verdict = thread, ("interrupted", "")
        self.started.emit(update_id)
        thread.start()

    @Slot(object)
    def _on_events(self, batch: Batch) -> None:
        if self._thread is not None:
            self.events.emit(self._thread.update_id, batch)

    @Slot(object)
    def _on_computed(self, compute: Compute | None) -> None:
        self.compute = compute
        self.computed.emit()

    @Slot(str, str, str)
    def _on_ended(self, _update_id: str, outcome: str, message: str) -> None:
        self._verdict = (outcome, message)

    @Slot()
    def _on_finished(self) -> None:
        """The thread is over: only now may its Python object go, and the next one begin."""
        thread, self._thread = self._thread, None
        if thread is None or self._closed:
            return
        thread.wait()
        detail = thread.detail
        thread.setParent(None)
        self._on_computed(None)
        self.changed.emit()
        self.ended.emit(thread.update_id, *self._verdict, detail)
        self._next()
