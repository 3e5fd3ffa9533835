"""The window's end of the warm worker process: one JSON line per request, answers routed by their id.

Short jobs that need torch or take long (preparing data, evaluating a checkpoint, explaining a sample) run there. All
requests are sent at once; the worker serves them in order and drops what nobody waits for any more. The process starts
with the first request, stays warm, and is started again when it dies or does not heed a cancellation.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Slot

from mpt_studio import paths
from mpt_studio.gui.beside.jobs import Job

log = logging.getLogger(__name__)
PATIENCE = 3.0
"""Seconds that a running job has to heed its cancellation before its process is ended."""
_MOST_DEATHS = 2
_KEPT_STDERR = 8000
Result = Callable[[dict[str, Any]], None]
Failure = Callable[[str, str], None]
Progress = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Callbacks:
    """Whom to tell about a request."""

    result: Result | None
    error: Failure | None
    progress: Progress | None


class Request(Job):
    """One job of the worker; after ``cancel()`` nothing more is heard of it."""

    def __init__(
        self,
        client: WorkerClient,
        number: int,
        job: str,
        args: dict[str, Any],
        callbacks: Callbacks,
        latest: str = "",
    ) -> None:
        super().__init__(job)
        self._client = client
        self.number, self.job, self.args, self.latest = number, job, args, latest
        self.callbacks = callbacks
        self.deaths = 0
        """Worker processes that ended while this was waiting or running."""
        self.cancelled_at = 0.0

    def cancel(self) -> None:
        if not self.is_finished:
            super().cancel()
            self.cancelled_at = time.monotonic()
            self._client.drop(self)

    def line(self) -> bytes:
        """What is sent."""
        more = {"latest": self.latest} if self.latest else {}
        return _line({"id": self.number, "job": self.job, "args": self.args, **more})


def _line(message: dict[str, Any]) -> bytes:
    return (json.dumps(message) + "\n").encode()


class WorkerClient(QObject):
    """Requests to the worker process, oldest first."""

    def __init__(self, store: Path, parent: QObject | None = None, command: Sequence[str] | None = None) -> None:
        """``command`` replaces the worker's command line (tests)."""
        super().__init__(parent)
        self._command = list(command or [*paths.program(), "worker", "--store", str(store)])
        self._numbers = itertools.count(1)
        self._open: dict[int, Request] = {}
        """Sent and not answered yet, cancelled ones included, in the order in which they are served."""
        self._process: QProcess | None = None
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self._lose_patience)
        self._errors = ""
        self._rest = b""

    def request(
        self,
        job: str,
        args: dict[str, Any],
        on_result: Result | None = None,
        on_error: Failure | None = None,
        on_progress: Progress | None = None,
        title: str = "",
        latest: str = "",
    ) -> Request:
        """Ask for a job.

        ``on_result`` gets the answer, ``on_error`` a sentence and a detail, ``on_progress`` a sentence and a fraction
        or None. Callbacks run in the window's thread, none of them after ``cancel()`` of what is returned. A request
        with ``latest`` that still waits when a newer one with the same text comes is dropped without a word.
        """
        made = Request(self, next(self._numbers), job, args, Callbacks(on_result, on_error, on_progress), latest)
        made.title = title or job
        self._open[made.number] = made
        self._send([made])
        return made

    @property
    def is_busy(self) -> bool:
        """Whether a request that somebody waits for is running or waiting."""
        return any(not request.is_cancelled for request in self._open.values())

    def drop(self, request: Request) -> None:
        """Tell the worker of a cancelled request; its process is ended where that does not help."""
        if request.number in self._open and self._process is not None:
            self._process.write(_line({"cancel": request.number}))
            if not self._patience.isActive():
                self._patience.start(int(1000 * PATIENCE))

    @Slot()
    def _lose_patience(self) -> None:
        """Only the oldest request runs; those behind it are answered as soon as their turn comes."""
        oldest = next(iter(self._open.values()), None)
        if oldest is None or not oldest.is_cancelled:
            return
        left = PATIENCE - (time.monotonic() - oldest.cancelled_at)
        if left > 0:
            self._patience.start(int(1000 * left) + 1)
            return
        self._stop_process()
        self._send_again()

    def close(self) -> None:
        """Cancel everything and end the process; waits for it."""
        self._open.clear()
        self._patience.stop()
        self._stop_process()

    def _send(self, requests: Sequence[Request]) -> None:
        process = self._process or self._start()
        for request in requests:
            process.write(request.line())

    def _send_again(self) -> None:
        """What was not answered goes to a new process, but for what nobody waits for."""
        self._open = {number: r for number, r in self._open.items() if not r.is_cancelled}
        if self._open:
            self._send(list(self._open.values()))

    def _start(self) -> QProcess:
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read_answers)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_problem)
        self._errors, self._rest = "", b""
        self._process = process
        process.start(self._command[0], self._command[1:])
        return process

    def _stop_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for signal in (
            process.readyReadStandardOutput,
            process.readyReadStandardError,
            process.finished,
            process.errorOccurred,
        ):
            signal.disconnect()
        if process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(3000)
        process.deleteLater()

    @Slot()
    def _read_answers(self) -> None:
        if self._process is None:
            return
        lines = (self._rest + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
            number = answer["id"]
        except (ValueError, KeyError, TypeError):
            log.info("The worker wrote a line that is no answer: %r", line[:200])
            return
        request = self._open.get(number) if isinstance(number, int) else None
        if request is None:
            return
        if "progress" in answer:
            self._tell_progress(request, str(answer["progress"]), answer.get("fraction"))
        elif "result" in answer:
            told = request.callbacks.result
            self._end(request, lambda: told and told(answer["result"]))
        elif answer.get("skipped") or answer.get("cancelled"):
            self._end(request, lambda: None)
        elif "error" in answer:
            self._fail(request, str(answer["error"]), str(answer.get("detail") or ""))

    def _tell_progress(self, request: Request, sentence: str, fraction: float | None) -> None:
        if request.is_cancelled:
            return
        request.progressed.emit(sentence, -1.0 if fraction is None else float(fraction))
        if request.callbacks.progress:
            request.callbacks.progress(sentence, fraction)

    def _fail(self, request: Request, sentence: str, detail: str) -> None:
        tell = request.callbacks.error
        self._end(request, lambda: tell and tell(sentence, detail))

    def _end(self, request: Request, tell: Callable[[], Any]) -> None:
        self._open.pop(request.number, None)
        if request.is_cancelled:
            return
        request.finish()
        tell()

    @Slot()
    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._errors = (self._errors + text)[-_KEPT_STDERR:]

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, _status: QProcess.ExitStatus) -> None:
        self._read_answers()
        self._read_errors()
        for request in self._open.values():
            request.deaths += 1
        oldest = next(iter(self._open), None)
        blamed = [r for n, r in self._open.items() if n == oldest or r.deaths >= _MOST_DEATHS]
        self._after_death(blamed, f"The worker process ended unexpectedly (exit code {code}); try again.")

    @Slot(QProcess.ProcessError)
    def _on_problem(self, problem: QProcess.ProcessError) -> None:
        if problem == QProcess.ProcessError.FailedToStart:
            sentence = f"The worker process could not be started ({self._command[0]})."
            self._after_death(list(self._open.values()), sentence)

    def _after_death(self, blamed: Sequence[Request], sentence: str) -> None:
        """Fail the requests that are to blame and go on with the others in a new process."""
        process, self._process, errors = self._process, None, self._errors
        if process is not None:
            process.deleteLater()
        log.warning("%s %s", sentence, errors)
        for request in blamed:
            self._open.pop(request.number, None)
        self._send_again()
        for request in blamed:
            self._fail(request, sentence, errors)
