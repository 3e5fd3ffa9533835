"""An open file of which only plain bytes are taken."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.errors import UserError, one_sentence, shown_name
from mpt_studio.files.plain import NotAFile, handle_of

SENTENCE = 200
"""Characters of a refusal."""


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
    """Open a regular file for reading. Raises ``UserError`` (a reason) for everything else, without waiting for it."""
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


def _handle(path: Path) -> int:
    try:
        return handle_of(path)
    except NotAFile as problem:
        raise UserError(f"is {problem}; name a file of weights") from None
    except FileNotFoundError:
        raise UserError("is not there") from None
    except OSError as error:
        raise UserError(f"cannot be opened ({error.strerror or error})") from None


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Reasons become whole sentences."""
    try:
        yield
    except UserError as error:
        raise refusal(path, str(error)) from None
    except RecursionError:
        raise refusal(path, "is nested too deeply to be read") from None


def refusal(path: Path, reason: str) -> UserError:
    """The whole sentence of a reason that begins with a verb."""
    return UserError(one_sentence(f"{shown_name(path)} {reason}", SENTENCE - 1).rstrip(".") + ".")


def _mapped(handle: int) -> mmap.mmap:
    try:
        return mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise UserError(f"cannot be opened ({error.strerror or error})") from None
        size = os.fstat(handle).st_size >> 30
        raise UserError(f"has {size:,} GB, more than the free memory; read it on a larger machine") from None
