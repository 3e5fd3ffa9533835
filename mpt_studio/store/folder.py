"""What a run's and an update's folder have in common: a record, a lock, an event log."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

from mpt_studio import paths
from mpt_studio.errors import Interrupted, UserError, one_sentence
from mpt_studio.events import Ended, Epoch, Event, Outcome, Paused, to_line
from mpt_studio.store import control
from mpt_studio.store.disk import written_to

if TYPE_CHECKING:
    import filelock

FORMAT = 1
EVENTS, LOCK = "events.jsonl", "lock"
LOCK_SECONDS = 2.0
"""How long a writer waits: longer than a reader's probe, shorter than anyone's patience."""

State = Literal["queued", "running", "paused", "done", "stopped", "cancelled", "failed", "interrupted"]
ALIVE = ("running", "paused")
"""States that only a process holding the lock can be in."""
T = TypeVar("T")


def new_id(*parts: str) -> str:
    """A folder name that sorts by time: ``20250131-235959_mpt_kl_1a2b3c``."""
    middle = [re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") or "x" for part in parts]
    return "_".join([time.strftime("%Y%m%d-%H%M%S"), *middle, secrets.token_hex(3)])


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in ``run.json`` or ``update.json``. Raises ``UserError`` for damaged or newer ones."""
    try:
        record = json.loads(path.read_text("utf-8"))
        newer = int(record["format"]) > FORMAT
    except FileNotFoundError:
        raise UserError(f"{path.parent} is not complete: {path.name} is missing; delete the folder.") from None
    except OSError as error:
        raise UserError(f"{path} could not be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({one_sentence(str(error), 80)}); delete the folder.") from None
    if newer:
        raise UserError(f"{path.parent} was written by a newer MPT Studio; update the program to read it.")
    return cast(dict[str, Any], record)


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Replace the record as a whole."""
    with written_to(path.parent):
        paths.write_text(path, json.dumps({"format": FORMAT, **record}, ensure_ascii=False, indent=1))


def is_locked(folder: Path) -> bool:
    """Whether a process writes to the folder now. Never creates anything, never waits."""
    lock = folder / LOCK
    if not lock.exists():
        return False
    import filelock

    probe = filelock.FileLock(lock, thread_local=False)
    try:
        probe.acquire(blocking=False)
    except filelock.Timeout:
        return True
    except OSError:  # a store that we may only read: its record is all that is known
        return True
    probe.release()
    return False


def settled(folder: Path, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The record, with "interrupted" for a run whose process has gone without a word.

    Read again once the lock was seen free: the writer may have ended between the two looks.
    """
    record = read()
    if record.get("outcome") in ALIVE and not is_locked(folder):
        record = read()
        if record.get("outcome") in ALIVE:
            record["outcome"] = "interrupted"
    return record


class EventLog:
    """Appends lines to ``events.jsonl``. A torn line, left by a kill or a full disk, is closed and not built upon."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with written_to(path.parent):
            self._stream = path.open("ab", buffering=0)
        self._whole = _ends_with_line_break(path)

    def append(self, event: Event) -> None:
        """Write one event through to the system; epochs and ends also through to the disk."""
        line = to_line(event).encode("utf-8", "backslashreplace") + b"\n"
        with written_to(self._path.parent):
            self._write(line if self._whole else b"\n" + line)
            if isinstance(event, Epoch | Ended):
                os.fsync(self._stream.fileno())

    def close(self) -> None:
        self._stream.close()

    def _write(self, content: bytes) -> None:
        self._whole = False
        while content:
            content = content[self._stream.write(content) :]
        self._whole = True


def _ends_with_line_break(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


class FolderWriter:
    """The only thing that writes a folder: holds its lock from construction to ``close``.

    As a context manager it records how the block was left, unless ``finish`` did.
    """

    record_name: str

    def __init__(self, folder: Path, *, resume: bool = True) -> None:
        self.folder = folder
        self._lock = _locked(folder)
        try:
            self._record = read_record(folder / self.record_name)
            _sweep(folder)
            self._open(resume)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, resume: bool) -> None:
        self._log = EventLog(self.folder / EVENTS)
        self._finished = not resume
        if resume:
            if self._record.get("outcome") != "queued":
                control.clear(self.folder)  # what was asked of the process before is over
            self.set(outcome="running", message="")

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    def append(self, event: Event) -> None:
        """Put an event on disk; pauses also show in the record."""
        self._log.append(event)
        if isinstance(event, Paused):
            self.set(outcome="paused" if event.paused else "running")

    def set(self, **fields: Any) -> None:
        """Change fields of the record."""
        changed = {**self._record, **fields}
        write_record(self.folder / self.record_name, changed)
        self._record = changed

    def close(self) -> None:
        """Let go of the folder."""
        self._log.close()
        self._lock.release()

    def _end(self, outcome: Outcome, message: str, **fields: Any) -> None:
        """The last word: the event first, then the record. A second word changes nothing in the events."""
        if not self._finished:
            self._log.append(Ended(outcome=outcome, message=message))
        self._finished = True
        self.set(outcome=outcome, message=message, ended=time.time(), **fields)
        control.clear(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._finished:
                self._end(*_left_by(error))
        except UserError:
            if error is None:
                raise
        finally:
            self.close()


def _left_by(error: BaseException | None) -> tuple[Outcome, str]:
    if error is None or isinstance(error, Interrupted | KeyboardInterrupt | SystemExit | GeneratorExit):
        return "interrupted", ""
    if isinstance(error, UserError):
        return "failed", str(error)
    return "failed", one_sentence(f"{type(error).__name__}: {error}")


def _locked(folder: Path) -> filelock.BaseFileLock:
    import filelock

    lock = filelock.FileLock(folder / LOCK, thread_local=False)
    with written_to(folder):
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except filelock.Timeout:
            raise UserError(
                f"{folder.name} is being written by another process; stop it or wait for its end."
            ) from None
    return lock


def _sweep(folder: Path) -> None:
    """Remove half-written files of a killed writer; the lock makes sure that they are nobody's."""
    for leftover in folder.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)
