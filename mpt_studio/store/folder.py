"""What a run's and an update's folder have in common: a record, a lock, an event log."""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from mpt_studio.errors import Interrupted, UserError, one_sentence
from mpt_studio.events import Ended, Epoch, Event, Outcome, Paused, to_line
from mpt_studio.store import control
from mpt_studio.store.disk import DiskRefused, Patience, waits_for, written_to
from mpt_studio.store.lease import is_leased, taken
from mpt_studio.store.record import read_record, write_record

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    import filelock

EVENTS, LOCK = "events.jsonl", "lock"
LOCK_SECONDS = 2.0
"""How long a writer waits: longer than a reader's probe, shorter than anyone's patience."""

ALIVE = ("running", "paused")
"""States that only a process holding the lock can be in."""
R = TypeVar("R")


def new_id(*parts: str) -> str:
    """A folder name that sorts by time: ``20250131-235959_mpt_kl_1a2b3c``."""
    middle = [re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") or "x" for part in parts]
    return "_".join([time.strftime("%Y%m%d-%H%M%S"), *middle, secrets.token_hex(3)])


def is_locked(folder: Path) -> bool:
    """Whether a process of this or another machine writes to the folder now. Never waits, and disturbs no other look.

    Never creates anything where the last writer was this machine's.
    """
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return False
    except OSError:  # a store that we may not read: its record is all that is known
        return True
    try:
        return not _is_free(handle) or is_leased(folder)
    finally:
        os.close(handle)


if sys.platform == "win32":

    def _is_free(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        return True

else:

    def _is_free(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go when it is closed
        except OSError:
            return False
        return True


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

    As a context manager it records how the block was left, unless ``finish`` did. Where the disk refuses something, it
    raises, or with ``patience`` waits and tries again.
    """

    record_name: str

    def __init__(self, folder: Path, *, resume: bool = True, patience: Patience | None = None) -> None:
        self.folder = folder
        self._patience: Patience | None = None  # who opens it is told at once
        self._hold = _Hold(folder)
        try:
            self._record = read_record(folder / self.record_name)
            _sweep(folder)
            self._open(resume)
        except BaseException:
            self._hold.release()
            raise
        self._patience = patience

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
        self.patiently(lambda: self._log.append(event))
        if isinstance(event, Paused) and self._record.get("outcome") in ALIVE:
            self.set(outcome="paused" if event.paused else "running")

    def set(self, **fields: Any) -> None:
        """Change fields of the record."""
        self.patiently(lambda: self._set(fields))

    def _set(self, fields: dict[str, Any]) -> None:
        changed = {**self._record, **fields}
        write_record(self.folder / self.record_name, changed)
        self._record = changed

    def patiently(self, write: Callable[[], R]) -> R:
        """What ``write`` gives, once the disk takes it. Waiting for that is a pause, and is told like one.

        Raises ``Fenced`` where another process has taken the folder.
        """
        try:
            return self._hold.write(write)
        except DiskRefused as refusal:
            if self._patience is None:
                raise
            return self._waited(self._patience, write, str(refusal))

    def _waited(self, patience: Patience, write: Callable[[], R], sentence: str) -> R:
        pause = waits_for(sentence)
        untold = [] if self._finished else [event for event in pause if not self._could_append(event)]
        for event in pause:
            patience.tell(event)
        while True:
            patience.wait()
            with suppress(DiskRefused):
                done = self._hold.write(write)
                break
        over = Paused(paused=False, by_disk=True)
        for event in [] if self._finished else [*untold, over]:  # nothing comes after the last word
            self.append(event)
        patience.tell(over)
        return done

    def _could_append(self, event: Event) -> bool:
        try:
            self._log.append(event)
            if isinstance(event, Paused):
                self._set({"outcome": "paused"})
        except DiskRefused:
            return False
        return True

    def close(self) -> None:
        """Let go of the folder."""
        self._log.close()
        self._hold.release()

    def _end(self, outcome: Outcome, message: str, **fields: Any) -> None:
        """The last word: the event first, then the record. A second word changes nothing in the events."""
        if not self._finished:
            self.append(Ended(outcome=outcome, message=message))
        self._finished = True
        self.set(outcome=outcome, message=message, ended=time.time(), **fields)
        self.patiently(lambda: control.clear(self.folder))

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


@contextmanager
def unused(folder: Path) -> Iterator[None]:
    """Keep every writer out of a folder meanwhile. Raises ``UserError`` where it has one."""
    if is_locked(folder):
        raise UserError(f"{folder.name} cannot be deleted while it is running; stop it first.")
    lock = nullcontext() if (folder / LOCK).is_dir() else _Hold(folder)  # damaged, so that nobody writes it
    with lock:
        yield


class _Hold:
    """A folder's lock, which keeps out this machine's processes, and its lease, which keeps out other machines'."""

    def __init__(self, folder: Path) -> None:
        self._lock = _locked(folder)
        try:
            self._lease = taken(folder)
        except BaseException:
            self._lock.release()
            raise

    def write(self, write: Callable[[], R]) -> R:
        """What ``write`` gives. Raises ``Fenced`` where the folder is another's meanwhile."""
        self._lease.check()
        return write()

    def release(self) -> None:
        self._lease.release()
        self._lock.release()

    def __enter__(self) -> None:
        """It was taken when it was made."""

    def __exit__(self, *unused: object) -> None:
        self.release()


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
    with written_to(folder):
        for leftover in folder.rglob(".*.tmp"):
            leftover.unlink(missing_ok=True)
