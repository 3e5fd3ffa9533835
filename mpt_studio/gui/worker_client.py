"""The window's end of the warm worker process: one JSON line per request, one request at a time.

Short jobs that need torch or take long (preparing data, evaluating a checkpoint) run there. The process starts with the
first request, stays warm, and is started again when it dies or when the running request is cancelled.
"""

from __future__ import annotations

import itertools
import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Slot

from mpt_studio.gui.background import Job

log = logging.getLogger(__name__)
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
    """One job of the worker; ``cancel()`` drops it, and stops the worker where it is the running one."""

    def __init__(
        self,
        client: WorkerClient,
        number: int,
        job: str,
        args: dict[str, Any],
        callbacks: Callbacks,
    ) -> None:
        super().__init__(job)
        self._client = client
        self.number, self.job, self.args = number, job, args
        self.callbacks = callbacks

    def cancel(self) -> None:
        if not self.is_finished:
            super().cancel()
            self._client.drop(self)

    def line(self) -> bytes:
        """What is sent."""
        return (json.dumps({"id": self.number, "job": self.job, "args": self.args}) + "\n").encode()


class WorkerClient(QObject):
    """Queue of requests to the worker process."""

    def __init__(self, store: Path, parent: QObject | None = None, command: Sequence[str] | None = None) -> None:
        """``command`` replaces the worker's command line (tests)."""
        super().__init__(parent)
        program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mpt_studio"]
        self._command = list(command or [*program, "worker", "--store", str(store)])
        self._numbers = itertools.count(1)
        self._waiting: deque[Request] = deque()
        self._active: Request | None = None
        self._process: QProcess | None = None
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
    ) -> Request:
        """Ask for a job.

        ``on_result`` gets the answer, ``on_error`` a sentence and a detail, ``on_progress`` a sentence and a fraction
        or None. Callbacks run in the window's thread, none of them after ``cancel()`` of what is returned.
        """
        made = Request(self, next(self._numbers), job, args, Callbacks(on_result, on_error, on_progress))
        made.title = title or job
        self._waiting.append(made)
        self._send_next()
        return made

    @property
    def is_busy(self) -> bool:
        """Whether a request is running or waiting."""
        return self._active is not None or bool(self._waiting)

    def drop(self, request: Request) -> None:
        """Forget a cancelled request; the worker knows no half way, so a running one takes its process along."""
        if request is self._active:
            self._active = None
            self._stop_process()
            self._send_next()
        elif request in self._waiting:
            self._waiting.remove(request)

    def close(self) -> None:
        """Cancel everything and end the process; waits for it."""
        self._waiting.clear()
        self._active = None
        self._stop_process()

    def _send_next(self) -> None:
        if self._active is not None or not self._waiting:
            return
        self._active = self._waiting.popleft()
        process = self._running_process()
        if process is not None:
            process.write(self._active.line())

    def _running_process(self) -> QProcess | None:
        if self._process is None:
            self._process = self._start()
        return self._process

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
        request = self._active
        try:
            answer = json.loads(line)
            matches = request is not None and answer["id"] == request.number
        except (ValueError, KeyError, TypeError):
            log.info("The worker wrote a line that is no answer: %r", line[:200])
            return
        if request is None or not matches:
            return
        if "progress" in answer:
            self._tell_progress(request, str(answer["progress"]), answer.get("fraction"))
        elif "result" in answer:
            told = request.callbacks.result
            self._end(request, lambda: told and told(answer["result"]))
        elif "error" in answer:
            self._fail(request, str(answer["error"]), str(answer.get("detail") or ""))

    def _tell_progress(self, request: Request, sentence: str, fraction: float | None) -> None:
        request.progressed.emit(sentence, -1.0 if fraction is None else float(fraction))
        if request.callbacks.progress:
            request.callbacks.progress(sentence, fraction)

    def _fail(self, request: Request, sentence: str, detail: str) -> None:
        tell = request.callbacks.error
        self._end(request, lambda: tell and tell(sentence, detail))

    def _end(self, request: Request, tell: Callable[[], Any]) -> None:
        self._active = None
        request.finish()
        try:
            tell()
        finally:
            self._send_next()

    @Slot()
    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._errors = (self._errors + text)[-_KEPT_STDERR:]

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, _status: QProcess.ExitStatus) -> None:
        self._read_answers()
        self._read_errors()
        self._after_death(f"The worker process ended unexpectedly (exit code {code}); try again.")

    @Slot(QProcess.ProcessError)
    def _on_problem(self, problem: QProcess.ProcessError) -> None:
        if problem == QProcess.ProcessError.FailedToStart:
            self._after_death(f"The worker process could not be started ({self._command[0]}).")

    def _after_death(self, sentence: str) -> None:
        request, process, self._process = self._active, self._process, None
        if process is not None:
            process.deleteLater()
        log.warning("%s %s", sentence, self._errors)
        if request is not None:
            self._fail(request, sentence, self._errors)
