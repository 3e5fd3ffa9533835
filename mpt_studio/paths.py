"""Where things are on disk, and the one way to write a whole file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

APP = "mpt-studio"


def store_dir() -> Path:
    """Folder of runs and updates; ``MPT_STUDIO_STORE`` overrides the user's data folder."""
    override = os.environ.get("MPT_STUDIO_STORE")
    return Path(override) if override else Path(platformdirs.user_data_dir(APP)) / "store"


def cache_dir() -> Path:
    """Folder for what can be made again (decoded data sets, downloads, thumbnails)."""
    override = os.environ.get("MPT_STUDIO_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir(APP))


def config_dir() -> Path:
    """Folder of settings and of the window's state."""
    override = os.environ.get("MPT_STUDIO_CONFIG")
    return Path(override) if override else Path(platformdirs.user_config_dir(APP))


def log_dir() -> Path:
    """Folder of log files."""
    override = os.environ.get("MPT_STUDIO_LOGS")
    return Path(override) if override else Path(platformdirs.user_log_dir(APP))


def resource(name: str) -> Path:
    """Path of a file under ``resources/``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "resources" / name
    return installed if installed.exists() else package.parent / "resources" / name


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Write ``path`` as a whole or not at all.

    ``write`` fills a temporary file in the same folder, which is flushed to disk and renamed. A full disk, a kill or
    an exception leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """``replace_file`` for UTF-8 text."""
    replace_file(path, lambda temporary: _write_bytes(temporary, text.encode()))


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder for fsync; NTFS journals the rename
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
