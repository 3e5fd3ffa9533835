"""Reads files without ever waiting for one: what is no regular file is not opened, whatever it has become."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_BYTES = 512 << 20
"""Larger files are not read whole; the largest photographs have some hundred million bytes."""


_PIECE = 8 << 20


class NotAFile(OSError):  # noqa: N818 - a verdict on a path
    """A pipe, device, folder or something too large; the message is the reason."""


def handle_of(path: Path) -> int:
    """A descriptor of a regular file, to be closed. Raises ``OSError``, among them ``NotAFile``."""
    # Asked before it is opened, since opening a device may do something; a pipe would wait for its other end for ever.
    _refuse_others(os.stat(path))
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _refuse_others(os.fstat(handle))  # exchanged in between
    except NotAFile:
        os.close(handle)
        raise
    return handle


def read(path: Path, most: int = MAX_BYTES) -> bytes:
    """A file's content. Raises ``OSError``, among them ``NotAFile`` for what is no regular file or too large."""
    with os.fdopen(handle_of(path), "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise NotAFile(f"larger than {most >> 20} MB")
        return stream.read(size)


def json_in(path: Path, most: int = MAX_BYTES) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none that can be read."""
    try:
        found = json.loads(read(path, most))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def sha256_of(path: Path, beat: Callable[[], None] = lambda: None, most: int = 1 << 40) -> str:
    """Hex SHA-256 of a file's content, as much as was there when it was opened. Raises ``OSError`` as ``read`` does.

    ``beat`` is called now and then; what it raises ends the hashing.
    """
    digest = hashlib.sha256()
    with os.fdopen(handle_of(path), "rb") as stream:
        left = os.fstat(stream.fileno()).st_size
        if left > most:
            raise NotAFile(f"larger than {most >> 20} MB")
        while left > 0 and (piece := stream.read(min(left, _PIECE))):
            digest.update(piece)
            left -= len(piece)
            beat()
    return digest.hexdigest()


def member(folder: Path, name: str) -> Path:
    """A regular file of a folder. Raises ``OSError``, among them ``NotAFile`` also for a link that leads out of it."""
    path = folder / name
    os.close(handle_of(path))
    if not path.resolve().is_relative_to(folder.resolve()):
        raise NotAFile(f"{name} is a link that leaves the folder")
    return path


def is_of_system(path: str) -> bool:
    """Whether a path is where the system shows itself as files."""
    try:
        return os.stat(path).st_dev in _system_devices()
    except OSError:
        return False


def _refuse_others(status: os.stat_result) -> None:
    if problem := what_else(status.st_mode):
        raise NotAFile(problem)
    if status.st_dev in _system_devices():
        raise NotAFile("a part of the system, not a file")


@functools.cache
def _system_devices() -> frozenset[int]:
    """Where the system shows itself as files, some of which never end."""
    root = os.stat(os.sep).st_dev
    return frozenset(os.stat(place).st_dev for place in ("/proc", "/sys") if os.path.isdir(place)) - {root}


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
