"""What can go wrong between us and the disk, told as a sentence; and waiting until it is over."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mpt_studio.errors import UserError
from mpt_studio.events import Event, Note, Paused

_REASONS = {
    errno.ENOSPC: "There is no space left for {where}; free some, or choose another store.",
    errno.EDQUOT: "Your disk quota is used up, so {where} could not be written; free some, or choose another store.",
    errno.EFBIG: "{where} may hold no files as large as this one; raise the limit, or choose another store.",
    errno.EROFS: "{where} is on a read-only disk; choose another store.",
    errno.EACCES: "There is no permission to write to {where}; change it, or choose another store.",
    errno.EPERM: "There is no permission to write to {where}; change it, or choose another store.",
    errno.ENOTDIR: "{where} lies below something that is a file; choose another store.",
    errno.EEXIST: "{where} is in the way: it is not a folder; choose another store.",
}
_NEVER_PASSES = (errno.ENOTDIR, errno.EEXIST)


class DiskRefused(UserError):  # noqa: N818 - an answer that may be another one later
    """The disk takes nothing now (full, quota, read-only, gone); what could not be written can be tried again."""


@contextmanager
def written_to(where: Path) -> Iterator[None]:
    """Turn an ``OSError`` of writing below ``where`` into a sentence: a ``DiskRefused``, or where it stays so another
    ``UserError``."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{{where}} could not be written ({error.strerror or error}).")
        kind = UserError if error.errno in _NEVER_PASSES else DiskRefused
        raise kind(reason.format(where=where)) from error


def waits_for(refusal: str) -> tuple[Note, Paused]:
    """What is said of a training that waits."""
    text = f"{refusal} Training waits until it can be written and then goes on; nothing is lost."
    return Note(text=text, level="warning"), Paused(paused=True, by_disk=True)


class Patience(Protocol):
    """Whoever would rather wait than lose what the disk refuses."""

    def tell(self, event: Event) -> None:
        """Let whoever listens know; it is on disk as well where the disk took it."""

    def wait(self) -> None:
        """Return when it is worth another try; raise where nobody wants to wait any more."""
