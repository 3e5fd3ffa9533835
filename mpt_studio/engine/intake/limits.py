"""Walls around the process that reads foreign files: memory, time, files, and what Python may do at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

MEGABYTE = 1 << 20
T = TypeVar("T")
_OWN = 24 * MEGABYTE
"""Of the promise, what Python takes for itself on the way."""
_FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile", "os.putenv",
    "subprocess.", "socket.", "pty.", "ctypes.", "code.", "webbrowser.", "urllib.", "http.", "ftplib.", "smtplib.",
    "telnetlib.", "imaplib.", "poplib.", "nntplib.", "winreg.", "shutil.", "marshal.load", "pickle.find_class",
    "sys._current", "os.kill", "os.setxattr", "signal.", "resource.setrlimit", "sqlite3.", "glob.", "os.chown",
    "import",
)  # fmt: skip
"""Events of Python's audit that reading weights never needs."""
_NEVER = ("os.system", "os.exec", "pty.", "socket.connect", "socket.bind", "webbrowser.")
"""Those that building a network never needs either, though libraries are imported meanwhile."""
LIBRARIES = 1024 * MEGABYTE
"""Address space that torchvision and timm take when they are imported, generously; measured 340 MB."""
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.utime",
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Forbidden(Exception):  # noqa: N818 - the wall, not an error of ours
    """Something tried what reading weights never needs."""


def memory_promise(size: int) -> int:
    """Bytes that reading a file of ``size`` bytes may take beyond the program itself."""
    promised = 4 * size + 512 * MEGABYTE - _OWN
    free = free_memory()
    return min(promised, free) if free else promised


def free_memory() -> int:
    """Bytes that the machine can give; 0 where it does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return 0
    found = {name: text.split() for name, _, text in (line.partition(":") for line in lines)}
    return int(found["MemAvailable"][0]) * 1024 if "MemAvailable" in found else 0


def limit_memory(beyond: int) -> None:
    """Allow ``beyond`` bytes of address space on top of what is in use now; called again, it counts anew."""
    used = _address_space()
    if not used:
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = used + beyond
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def lift_memory_limit() -> None:
    """Allow again what was allowed when the process began."""
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def limit_process(seconds: int, largest_file: int) -> None:
    """Limits for the whole life of the process: CPU seconds, bytes of a written file, no core dumps."""
    if sys.platform == "win32":  # there, the parent's clock has to do
        return
    import resource

    for kind, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, largest_file),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


class Guard:
    """Denies, while it is up, what reading never needs: a second wall, since nothing runs foreign code anyway.

    An audit hook cannot be taken away again; ``denied`` says what it denies now.
    """

    def __init__(self, out: Path) -> None:
        self.out = os.path.realpath(out)
        self.denied: tuple[str, ...] = ()
        sys.addaudithook(self._hook)

    def around(self, work: Callable[[], T], *, importing: bool = False) -> T:
        """Do the work behind the wall, which lets libraries be imported where that is wanted."""
        self.denied = _NEVER if importing else _FORBIDDEN
        try:
            return work()
        finally:
            self.denied = ()

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.denied:
            return
        if event.startswith(self.denied):
            raise Forbidden(event)
        if self.denied is _NEVER:
            return
        if event == "open":
            self._check_open(*arguments[:3])
        elif event in _CHANGES and not all(self._is_ours(path) for path in arguments[:1]):
            raise Forbidden(event)

    def _check_open(self, path: Any, mode: Any, flags: Any) -> None:
        writes = bool(flags & _WRITES) if isinstance(flags, int) else isinstance(mode, str) and set(mode) & set("wax+")
        if writes and not self._is_ours(path):
            raise Forbidden("open")

    def _is_ours(self, path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # a handle that is open already
        return os.path.realpath(os.fsdecode(path)).startswith(self.out + os.sep)
