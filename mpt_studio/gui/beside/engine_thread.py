"""Drives the trainer: starts it as a process of its own, follows what it writes, tells the window in batches.

The trainer is the same program as ``mpt-studio resume`` in a terminal. It writes events to the store before anyone sees
them, so this thread only reads files: the window can close and open again while training goes on.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from mpt_studio import paths
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.events import Ended, Event
from mpt_studio.store import JobTail, Store
from mpt_studio.store.compute import Compute, drop_compute, read_compute
from mpt_studio.store.control import Command, send_command
from mpt_studio.store.disk import waits_for

log = logging.getLogger(__name__)

BATCH_SECONDS = 1 / 30
"""Time between batches: the window hears at most 30 a second."""
_BATCH_EVENTS = 1000
_IDLE_SECONDS = 0.1
"""Time between looks while nothing comes; two cores are the trainer's."""
_COMPUTE_SECONDS = 0.5
"""Time between looks at the list of compute."""
_LOCK_SECONDS = 0.5
"""Time between looks at the lock of a trainer that is not our child."""
_PATIENCE_SECONDS = 15.0
"""How long the trainer may take to leave after its last word."""
_SILENT_SECONDS = 3.0
_LOG_BYTES = 6000
_NICENESS = 5
"""Of the trainer beside the window: it computes on every core, but a click or a repaint goes first."""
Batch = list[tuple[str, Event]]


def trainer_command(update_id: str, store_root: Path, options: Sequence[str] = ()) -> list[str]:
    """Command line that runs a queued update or search, or resumes an interrupted one; ``options`` say where."""
    return [*paths.program(), "resume", update_id, "--store", str(store_root), *options]


class EngineThread(QThread):
    """Follows one update or search to its end. Its owner keeps it until ``ended`` or until ``detach`` returned."""

    events = Signal(object)
    """list of (run id or "" for the job itself, event), at most 30 times a second and only when something came."""
    computed = Signal(object)
    """The ``Compute`` of a job that has a cluster, whenever it is another one; None when it has none any more."""
    ended = Signal(str, str, str)
    """The job's id, outcome, message; ``detail`` holds the trainer's last lines where it died without a word."""

    def __init__(
        self,
        store: Store,
        update_id: str,
        *,
        attach: bool = False,
        options: Sequence[str] = (),
        command: list[str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """``attach`` follows a trainer that runs already; ``options`` are more of its command line.

        ``command`` replaces the command line (tests).
        """
        super().__init__(parent)
        self.update_id = update_id
        self.folder = store.job_folder(update_id)
        self.detail = ""
        self._store = store
        self._attach = attach
        self._command = command or trainer_command(update_id, store.root, options)
        self._child: subprocess.Popen[bytes] | None = None
        self._wake = threading.Event()
        self._looked = self._computed = 0.0
        self._compute: Compute | None = None

    # ---- in the window's thread --------------------------------------------------------------------------------

    @Slot()
    def pause(self) -> None:
        """Ask the trainer to wait after the current step."""
        self._send("pause")

    @Slot()
    def go_on(self) -> None:
        """Ask a paused trainer to go on."""
        self._send("run")

    @Slot()
    def stop_and_keep(self) -> None:
        """Ask the trainer to stop soon and keep and compare what is ready."""
        self._send("stop")

    @Slot()
    def cancel(self) -> None:
        """Ask the trainer to end without another word."""
        self._send("cancel")

    def detach(self, patience_ms: int = 3000) -> bool:
        """Stop following and leave the trainer running; whether the thread ended in time."""
        self.requestInterruption()
        self._wake.set()
        return self.wait(patience_ms)

    def _send(self, command: Command) -> None:
        send_command(self.folder, command)

    @property
    def pid(self) -> int | None:
        """Process id of the trainer, where this thread started it."""
        return self._child.pid if self._child else None

    # ---- in this thread ----------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            outcome, message = self._follow()
        except Exception as error:  # the window must hear of it, whatever it is
            log.exception("Following %s failed", self.update_id)
            outcome, message = "failed", one_sentence(f"Following the training failed ({error}).")
        if outcome:
            self.ended.emit(self.update_id, outcome, message)

    def _follow(self) -> tuple[str, str]:
        """Outcome and message at the end; empty when interrupted, that is detached."""
        tail = JobTail(self._store, self.update_id)
        self._emit(tail)
        if not self._attach:
            drop_compute(self.folder)  # of a trainer that was killed
            try:
                self._child = self._start_trainer()
            except OSError as error:
                return "failed", f"The trainer could not be started ({error.strerror or error})."
        said_goodbye, heard = 0.0, time.monotonic()
        while not self.isInterruptionRequested():
            batch = self._emit(tail)
            self._look_at_compute()
            heard = time.monotonic() if batch else self._ask_the_disk(heard)
            if any(not run and isinstance(event, Ended) for run, event in batch):
                said_goodbye = time.monotonic()
            if self._is_over(said_goodbye):
                self._emit(tail)
                return self._verdict()
            self._wake.wait(BATCH_SECONDS if batch else _IDLE_SECONDS)
        return "", ""

    def _ask_the_disk(self, heard: float) -> float:
        """A trainer that waits for room may have none to say so: after a silence say it once; since when it lasts."""
        if time.monotonic() - heard < _SILENT_SECONDS:
            return heard
        if refusal := self._store.refusal():
            self.events.emit([("", event) for event in waits_for(refusal)])
            return heard + 3600
        return time.monotonic()

    def _look_at_compute(self) -> None:
        now = time.monotonic()
        if now - self._computed < _COMPUTE_SECONDS:
            return
        self._computed, compute = now, read_compute(self.folder)
        if compute != self._compute:
            self._compute = compute
            self.computed.emit(compute)

    def _emit(self, tail: JobTail) -> Batch:
        """Tell what was added, a long log in parts that the window can take between two frames; the last of them."""
        events = tail.read()
        batch: Batch = []
        while not self.isInterruptionRequested() and (more := list(islice(events, _BATCH_EVENTS))):
            if batch:
                self._wake.wait(BATCH_SECONDS)
            self.events.emit(more)
            batch = more
        return batch

    def _start_trainer(self) -> subprocess.Popen[bytes]:
        """Start our own entry point in a session of its own, so that it outlives the window; never a bare fork."""
        apart: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            flags = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")
            apart = {"creationflags": sum(getattr(subprocess, flag) for flag in flags)}
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
        with (self.folder / "log.txt").open("ab") as output:
            child = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, **apart
            )
        _give_way(child.pid)
        return child

    def _is_over(self, said_goodbye: float) -> bool:
        if said_goodbye and time.monotonic() - said_goodbye > _PATIENCE_SECONDS:
            return True
        if self._child is not None:
            return self._child.poll() is not None
        now = time.monotonic()
        if now - self._looked < _LOCK_SECONDS:
            return False
        self._looked = now
        return not self._store.job(self.update_id).is_active

    def _verdict(self) -> tuple[str, str]:
        """What the folder says after the trainer has gone; a death without a word is told with the log's last lines."""
        code = self._child.returncode if self._child else None
        update = self._store.job(self.update_id)
        silent = update.outcome in ("queued", "running", "paused") or (update.outcome == "interrupted" and code != 130)
        if not silent:
            return update.outcome, update.message
        if update.is_active:
            return "running", "The training goes on in another process."
        self.detail = last_lines(self.folder / "log.txt")
        sentence = _death_sentence(code, self.detail)
        if update.outcome == "queued":
            self._note_failure(sentence)
            return "failed", sentence
        return "interrupted", sentence

    def _note_failure(self, sentence: str) -> None:
        """A trainer that never got to the update leaves it queued; it would be started again and again."""
        with contextlib.suppress(UserError), self._store.write_job(self.update_id) as writer:
            writer.finish("failed", sentence)


def _give_way(pid: int) -> None:
    """Threads that the process starts from now on follow it; Windows is told at the start."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):  # gone already, or not allowed here
            os.setpriority(os.PRIO_PROCESS, pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS))


def last_lines(path: Path, limit: int = _LOG_BYTES) -> str:
    """The end of a log file, whole lines, at most ``limit`` bytes; empty where there is none."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - limit))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return text.partition("\n")[2].strip() if size > limit else text.strip()


def _death_sentence(code: int | None, detail: str) -> str:
    if code is None:
        return "The training process ended without a word; resume it to go on from its last saved state."
    if code in (-9, 137):
        return "The system killed the trainer, most likely for lack of memory; choose a smaller batch, then resume."
    if code < 0:
        return f"The trainer was ended by signal {-code}; resume it to go on from its last saved state."
    said = one_sentence(detail.splitlines()[-1], 200) if detail else ""
    return f"The trainer ended with code {code}" + (f": {said}" if said else " and wrote nothing.")
