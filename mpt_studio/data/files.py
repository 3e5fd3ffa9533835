"""Reads image files without ever waiting for one: what is no regular file is not opened, whatever it has become."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from mpt_studio.data.walk import what_else

MAX_BYTES = 512 << 20
"""Larger files are skipped; the largest photographs have some hundred million bytes."""


class NotAFile(OSError):  # noqa: N818 - a verdict on a path
    """A pipe, device, folder or something too large; the message is the reason."""


def read(path: Path) -> bytes:
    """A file's content. Raises ``OSError``, among them ``NotAFile`` for what is no regular file."""
    # Without O_NONBLOCK, opening a pipe waits for its other end: for ever.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        problem = what_else(status.st_mode)
        if problem:
            raise NotAFile(problem)
        if status.st_size > MAX_BYTES:
            raise NotAFile(f"larger than {MAX_BYTES >> 20} MB")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(MAX_BYTES + 1)
    finally:
        os.close(handle)


def digest_of(content: bytes) -> bytes:
    """16 bytes that tell a file's content."""
    return hashlib.blake2b(content, digest_size=16).digest()
