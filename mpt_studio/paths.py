"""Where things are on disk, and the one way to write a whole file."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from mpt_studio.errors import UserError, one_sentence

if TYPE_CHECKING:
    import numpy.typing as npt

APP = "mpt-studio"
_RESERVED = ("CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in "123456789¹²³"))
"""Names that Windows keeps for itself."""


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


def program() -> list[str]:
    """The command line that starts this program once more, bundled or installed."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mpt_studio"]


def resource(name: str) -> Path:
    """Path of a file under ``resources/``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "resources" / name
    return installed if installed.exists() else package.parent / "resources" / name


def documents() -> Path:
    """Folder of the documentation: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    return package / "docs" if (package / "docs").is_dir() else package.parent / "docs"


def named(text: str | Path) -> Path:
    """The path that somebody named, "~" expanded. Raises ``UserError`` for text that can be no path."""
    try:
        path = Path(text).expanduser()
        os.lstat(path)
    except (ValueError, RuntimeError):  # a zero byte, "~name" of nobody
        raise UserError(f"{one_sentence(str(text), 120)} can be no file; check its name.") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(f"{one_sentence(str(text), 120)} is too long to be a file's name; check it.") from None
    return path


def expanded(text: str) -> Path:
    """Text that may be a path, "~" expanded; where it is none (a class may be called "~ok"), as it stands."""
    return Path(os.path.expanduser(text))


def is_file(path: Path) -> bool:
    """Whether a file is there; text that can be no path, as a long list of names, is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether anything is there, likewise."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def file_name(text: str, longest: int = 80) -> str:
    """``text`` as the name of a file on any system; class names are data and never a path.

    Signs that turn the direction of writing are left out too: behind one, an .exe can look like a .png.
    """
    shown = "".join(c if unicodedata.category(c)[0] != "C" else "_" for c in text)
    plain = re.sub(r'[<>:"/\\|?*]', "_", shown).strip(" .")
    plain = plain[:longest].encode()[: 3 * longest].decode(errors="ignore").rstrip(" .")  # systems count bytes
    return f"_{plain}" if not plain or plain.partition(".")[0].strip().upper() in _RESERVED else plain


def replace_file(path: Path, write: Callable[[Path], object], *, durable: bool = True) -> None:
    """Write ``path`` as a whole or not at all.

    ``write`` fills a temporary file in the same folder, which is flushed to disk and renamed. A full disk, a kill or
    an exception leaves the old file as it was. Without ``durable`` nothing is flushed, which is much quicker: for what
    can be made again and is checked when it is read, since a power cut may leave an empty file. A link stays, and the
    file that it leads to is replaced. Raises ``UserError`` for a pipe, a socket or a device.
    """
    path = _replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.touch(exist_ok=False)  # with the user's own permissions, unlike what tempfile makes
        write(temporary)
        if durable:
            _flush_to_disk(temporary)
        _rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _flush_folder(path.parent)


def _replaceable(path: Path) -> Path:
    with suppress(OSError):  # whatever is wrong there, writing will say it
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise UserError(f"{path} is a pipe, a socket or a device, and no file to be replaced; choose another file.")
    return path.resolve() if path.is_symlink() else path


def write_chosen(path: Path, write: Callable[[Path], object]) -> None:
    """``replace_file`` for a file that the user named. Raises ``UserError`` where it cannot be written."""
    try:
        replace_file(path, write)
    except OSError as error:
        raise UserError(f"{path} could not be written ({error.strerror or error}); choose another file.") from error


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """``replace_file`` for UTF-8 text.

    Bytes of file names that are no text are written as escapes, which JSON reads back as they were.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"), durable=durable)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """``replace_file`` for bytes."""
    replace_file(path, lambda temporary: temporary.write_bytes(content), durable=durable)


def write_array(path: Path, array: npt.NDArray[Any], *, durable: bool = True) -> None:
    """``replace_file`` for an array as ``.npy``."""
    import numpy as np

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:  # NumPy would add an ending to a path
            np.save(stream, array, allow_pickle=False)

    replace_file(path, write, durable=durable)


def _rename(temporary: Path, path: Path) -> None:
    for _ in range(40 if os.name == "nt" else 0):  # Windows refuses while a reader has the old file open
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(0.05)
    os.replace(temporary, path)


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
