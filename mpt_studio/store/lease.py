"""Who may write a folder of a store that several machines share: the lease of the one writer, and its heartbeat.

    <folder>/lease/000003         host, process and token of the writer; its time of change is the heartbeat
    <folder>/lease/000003.free    it was given back

A number never comes again: taking a folder is making the file with the next one, which file systems do for one of any
number of takers; whoever holds a lower number than the highest is a former writer, and writes no more. Age is told by
the clock of the store's file system alone, against a probe that is written beside the lease: clocks of two machines are
never compared. Files are made, renamed and flushed, and nothing else, which NFS and its like do as well.

A writer of this machine is dead as soon as its process is gone. Between machines nothing can shut out a write that was
under way while the folder was taken; a writer looks before each write, once a second, which is well below the time that
a heartbeat may be missing.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import platform
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.errors import Interrupted, UserError, one_sentence
from mpt_studio.files import plain
from mpt_studio.made_of import MisfitError, made_of
from mpt_studio.store.disk import written_to

SHELF = "lease"
BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0
"""Without a heartbeat for so long, by the store's clock, another machine's writer counts as dead."""
LOOK_SECONDS = 1.0
"""A writer that has looked so recently whether it still has its folder need not look again."""
_FREE = ".free"
_MOST_BYTES = 4096
_TAKING = threading.RLock()
"""Of two threads the second has to see that the first holds what it took."""
_LIVE: set[Path] = set()
"""Leases of this process."""


class Fenced(Interrupted):
    """Another process has taken the folder meanwhile; this one must not write to it any more."""


@dataclass(frozen=True)
class Holder:
    """What a lease says of its writer."""

    host: str = ""
    machine: str = ""
    """Which system the process number belongs to: one boot of one machine, one container."""
    process: int = 0
    began: str = ""
    """When the process began, as the system counts: numbers of processes come again."""
    token: str = ""

    def __str__(self) -> str:
        return f"process {self.process} on {one_sentence(self.host, 60)}" if self.host else "another process"


@functools.cache
def this_machine() -> str:
    """Where process numbers are unique: this boot of this machine, and the container where there is one."""
    parts = [platform.node()]
    for path, read in (("/proc/sys/kernel/random/boot_id", Path.read_text), ("/proc/self/ns/pid", Path.readlink)):
        with suppress(OSError):
            parts.append(str(read(Path(path))).strip())
    return " ".join(parts)


class Lease:
    """The right to write one folder; kept alive by a thread until ``release``. ``taken`` makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked = _awake()
        self._over = threading.Event()
        _LIVE.add(path)
        self._heart = threading.Thread(target=self._beat, name="heartbeat of a lease", daemon=True)
        self._heart.start()

    def check(self) -> None:
        """Raise ``Fenced`` where another process has taken the folder."""
        if _awake() - self._looked < LOOK_SECONDS:
            return
        newest = _newest(self._path.parent)
        if newest is not None and newest != self._path:
            folder = self._path.parent.parent
            raise Fenced(
                f"{folder.name} was taken over by {_holder(newest)}, because this process gave no sign of life; it "
                "goes on there, and this process ends without writing to it."
            )
        self._looked = _awake()

    def release(self) -> None:
        """Let another take the folder at once."""
        self._over.set()
        self._heart.join(BEAT_SECONDS)  # where the disk hangs, it ends later
        _LIVE.discard(self._path)
        with suppress(OSError):  # it was taken, or the folder is gone
            self._path.rename(self._path.with_suffix(_FREE))

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with suppress(OSError):  # it is tried again; whoever takes the folder meanwhile is noticed when writing
                os.utime(self._path)  # by the store's clock; no other writer's lease ever has this name


def taken(folder: Path) -> Lease:
    """The lease of a folder that nobody writes. Raises ``UserError`` where somebody does, or was quicker."""
    shelf = folder / SHELF
    with _TAKING, written_to(folder):
        shelf.mkdir(exist_ok=True)
        newest = _newest(shelf)
        if _is_held(newest):
            raise _written_by(folder, newest)
        mine, token = shelf / f"{_number(newest) + 1:06d}", secrets.token_hex(8)
        _make(mine, json.dumps(dataclasses.asdict(_this_process(token))).encode())
        newest = _newest(shelf)
        if newest != mine or _holder(mine).token != token:
            raise _written_by(folder, newest)
        _drop_below(mine)
        return Lease(mine)


def is_leased(folder: Path) -> bool:
    """Whether a writer on this or another machine holds the folder, as far as its lease tells.

    To see whether another machine's is alive a probe is written; where nothing may be written it is believed.
    """
    try:
        return _is_held(_newest(folder / SHELF))
    except OSError:
        return True


def _is_held(lease: Path | None) -> bool:
    """Raises ``OSError`` where the store's clock cannot be asked."""
    if lease is None or lease.suffix == _FREE or lease in _LIVE:
        return lease in _LIVE
    holder = _holder(lease)
    if holder.machine == this_machine():
        return _is_alive(holder)
    try:
        return _now(lease.parent) - lease.stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:  # given back or taken meanwhile; the next look will tell
        return True


def _this_process(token: str) -> Holder:
    return Holder(platform.node(), this_machine(), os.getpid(), _began(os.getpid()), token)


def _is_alive(holder: Holder) -> bool:
    """Whether a process of this machine is there. Not of this process, which knows its leases."""
    if os.name == "nt" or holder.process in (0, os.getpid()):  # there the lock tells
        return False
    try:
        os.kill(holder.process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        pass
    return _began(holder.process) == holder.began


def _began(process: int) -> str:
    """When a process began; "" where the system does not tell, or it has ended and only its parent has not heard."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return ""


def _now(shelf: Path) -> float:
    """The time of the file system that the store lies on: that of a file which was just written."""
    probe = shelf / f".{secrets.token_hex(4)}.tmp"
    try:
        with probe.open("xb", buffering=0) as stream:
            stream.write(b"?")
            os.fsync(stream.fileno())
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _newest(shelf: Path) -> Path | None:
    """The lease with the highest number, given back or not; None where there never was one."""
    found = _leases(shelf)
    return max(found, key=lambda lease: (_number(lease), lease.suffix == _FREE), default=None)


def _leases(shelf: Path) -> list[Path]:
    try:
        names = os.listdir(shelf)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [shelf / name for name in names if name.removesuffix(_FREE).isdecimal()]


def _number(lease: Path | None) -> int:
    return int(lease.stem) if lease is not None else 0


def _holder(lease: Path) -> Holder:
    """Somebody, where it cannot be read: it may be half written."""
    try:
        return made_of(Holder, json.loads(plain.read(lease, _MOST_BYTES)))
    except (OSError, ValueError, MisfitError):
        return Holder()


def _make(path: Path, content: bytes) -> None:
    """Make a file whole, where there is none of its name: of two that try, one does."""
    whole = path.with_name(f".{secrets.token_hex(4)}.tmp")
    try:
        _write(whole, content)
        with suppress(FileExistsError):
            try:
                os.link(whole, path)
            except FileExistsError:
                raise
            except OSError:  # a file system without links
                _write(path, content)
    finally:
        whole.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb", buffering=0) as stream:
        stream.write(content)
        os.fsync(stream.fileno())


def _drop_below(mine: Path) -> None:
    for lease in _leases(mine.parent):
        if _number(lease) < _number(mine):
            lease.unlink(missing_ok=True)


def _written_by(folder: Path, lease: Path | None) -> UserError:
    who = _holder(lease) if lease is not None else "another process"
    return UserError(f"{folder.name} is being written by {who}; stop it or wait for its end.")


def _awake() -> float:
    """Seconds that also pass while the machine sleeps, where it can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
