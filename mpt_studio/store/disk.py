"""What can go wrong between us and the disk, told as a sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mpt_studio.errors import UserError

_REASONS = {
    errno.ENOSPC: "There is no space left for {where}; free some, or choose another store.",
    errno.EDQUOT: "Your disk quota is used up, so {where} could not be written; free some, or choose another store.",
    errno.EROFS: "{where} is on a read-only disk; choose another store.",
    errno.EACCES: "There is no permission to write to {where}; change it, or choose another store.",
    errno.EPERM: "There is no permission to write to {where}; change it, or choose another store.",
    errno.ENOTDIR: "{where} lies below something that is a file; choose another store.",
    errno.EEXIST: "{where} is in the way: it is not a folder; choose another store.",
}


@contextmanager
def written_to(where: Path) -> Iterator[None]:
    """Turn an ``OSError`` of writing below ``where`` into a ``UserError`` sentence."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0)
        if reason:
            raise UserError(reason.format(where=where)) from error
        raise UserError(f"{where} could not be written ({error.strerror or error}).") from error
