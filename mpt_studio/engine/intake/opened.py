"""An open file of which only plain bytes are taken."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.errors import UserError


@dataclass(frozen=True)
class Opened:
    """A file's content, mapped into memory and read where it is touched."""

    path: Path
    data: memoryview

    @property
    def size(self) -> int:
        return len(self.data)

    def at(self, start: int, count: int) -> bytes:
        """Bytes from ``start`` on, fewer at the end."""
        return bytes(self.data[start : start + count])


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Open a regular file for reading. Raises ``UserError`` for everything else, without waiting for it."""
    handle = _handle(path)
    try:
        if os.fstat(handle).st_size == 0:
            raise UserError("is empty; copy or download it again")
        mapped = _mapped(handle)
        try:
            yield Opened(path, memoryview(mapped))
        finally:
            with suppress(BufferError):  # a part of it is still referred to, by a traceback for example
                mapped.close()
    finally:
        os.close(handle)


def _mapped(handle: int) -> mmap.mmap:
    try:
        return mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        size = os.fstat(handle).st_size >> 30
        raise UserError(f"has {size:,} GB, more than the free memory; read it on a larger machine") from None


def _handle(path: Path) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise UserError(f"is {_special(kind)}, not a file; name a file of weights")
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise UserError("is not there") from None
    except OSError as error:
        raise UserError(f"cannot be opened ({error.strerror or error})") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # exchanged in between
        os.close(handle)
        raise UserError("is not a plain file")
    return handle


def _special(mode: int) -> str:
    kinds = (
        (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"), (stat.S_ISCHR, "a device"),
    )  # fmt: skip
    return next((word for test, word in kinds if test(mode)), "something special")
