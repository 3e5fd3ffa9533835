"""Reads files without ever waiting for one: what is no regular file is not opened, whatever it has become."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

MAX_BYTES = 512 << 20
"""Larger files are not read whole; the largest photographs have some hundred million bytes."""


class NotAFile(OSError):  # noqa: N818 - a verdict on a path
    """A pipe, device, folder or something too large; the message is the reason."""


def handle_of(path: Path) -> int:
    """A descriptor of a regular file, to be closed. Raises ``OSError``, among them ``NotAFile``."""
    # Asked before it is opened, since opening a device may do something; a pipe would wait for its other end for ever.
    _refuse_others(os.stat(path).st_mode)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _refuse_others(os.fstat(handle).st_mode)  # exchanged in between
    except NotAFile:
        os.close(handle)
        raise
    return handle


def read(path: Path, most: int = MAX_BYTES) -> bytes:
    """A file's content. Raises ``OSError``, among them ``NotAFile`` for what is no regular file or too large."""
    with os.fdopen(handle_of(path), "rb") as stream:
        if os.fstat(stream.fileno()).st_size > most:
            raise NotAFile(f"larger than {most >> 20} MB")
        return stream.read(most + 1)


def _refuse_others(mode: int) -> None:
    if problem := what_else(mode):
        raise NotAFile(problem)


def what_else(mode: int) -> str:
    """Why something that is no regular file is not opened; "" for a file."""
    if stat.S_ISREG(mode):
        return ""
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    return f"{kind}, not a file"


def digest_of(content: bytes) -> bytes:
    """16 bytes that tell a file's content."""
    return hashlib.blake2b(content, digest_size=16).digest()
