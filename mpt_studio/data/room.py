"""Where decoded images, and what networks made of them, lie, how much they may take, and which go first.

<cache>/decoded/<data>/<form>.<pixels or jpeg>/   as ``decoded`` writes it
                       <form>.<pixels or jpeg>.lock
                       features-<what decides them>/   as ``engine.features`` writes it, with such a lock
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import filelock

from mpt_studio import paths
from mpt_studio.data.decoded import Decoded, Stored
from mpt_studio.data.fit import Form, Whole
from mpt_studio.errors import UserError, one_sentence

LIMIT = "MPT_STUDIO_DECODED"
"""The variable that overrides the limit for one call."""
DEFAULT_LIMIT = "25%"
IN_CACHE = "auto"
"""What is said for the cache folder, where nothing else was chosen."""
_OURS = "mpt-studio-decoded"
"""In a folder that the user chose: what lies beside it is not ours to delete."""
_LIMIT_FILE, _FOLDER_FILE = "decoded.txt", "decoded-folder.txt"
ABOUT = "about.json"
"""In each folder: whose data they are; its time says when somebody needed them last."""
KEPT_DAYS = 120
_DIGITS = 24
"""Of the hash that names the folder of some data."""
LEFT_FREE = 1 << 30
"""Bytes of the disk that are never taken."""
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True)
class Entry:
    """The decoded images of one data set in one form, or their features by one network."""

    folder: Path
    data: str
    """The data's spec string."""
    used: float
    """When somebody needed it last, as a time."""
    bytes: int


def home() -> Path:
    """In the folder that the user chose, else in the cache; ``MPT_STUDIO_CACHE`` overrides both for one call."""
    chosen = "" if os.environ.get("MPT_STUDIO_CACHE") else _setting(_FOLDER_FILE)
    return Path(chosen) / _OURS if chosen else paths.cache_dir() / "decoded"


def set_folder(text: str) -> None:
    """Keep them in this folder from now on, or in the cache (``auto``); what is kept elsewhere is deleted.

    Raises ``UserError`` where nothing can be kept there.
    """
    if over := os.environ.get("MPT_STUDIO_CACHE"):
        raise UserError(f"MPT_STUDIO_CACHE says where they lie ({over}); change that variable, or do without it.")
    chosen = "" if text.strip() == IN_CACHE else str(_writable(paths.named(text.strip()).absolute()))
    if chosen != _setting(_FOLDER_FILE):
        empty()
        _keep(_FOLDER_FILE, chosen)


def _writable(folder: Path) -> Path:
    try:
        (folder / _OURS).mkdir(parents=True, exist_ok=True)
        paths.write_text(folder / _OURS / "writable", "", durable=False)
        (folder / _OURS / "writable").unlink()
    except OSError as error:
        said = error.strerror or error
        raise UserError(f"Nothing can be kept in {folder} ({said}); choose another folder.") from None
    return folder


def place_of(spec: str, form: Form, stored: Stored) -> Path:
    """The folder for data and a form."""
    return folder_of(spec) / f"{form.name}.{stored}"


def existing(spec: str, form: Form) -> Decoded | None:
    """What is kept of data in a form, as it is stored; None where there is nothing."""
    ways = get_args(Stored) if isinstance(form, Whole) else ("pixels",)
    places = ((place_of(spec, form, stored), stored) for stored in ways)
    return next((Decoded(place, stored) for place, stored in places if (place / "table.npy").is_file()), None)


def existing_wholes(spec: str, at_least: int) -> list[Form]:
    """Forms in which something is kept whole with a shorter side of so many pixels, smallest first."""
    try:
        names = os.listdir(folder_of(spec))
    except OSError:
        return []
    found = {int(match[1]) for name in names if (match := re.fullmatch(r"whole-(\d+)\.[a-z]+", name))}
    return [Whole(shorter) for shorter in sorted(found) if shorter >= at_least]


def lock_of(folder: Path) -> filelock.BaseFileLock:
    """Held by whoever appends or deletes. Raises ``OSError`` where the cache cannot be written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(f"{folder}.lock")


def limit_text() -> str:
    """The limit as it was set: a share of the free disk or a size."""
    return os.environ.get(LIMIT) or _setting(_LIMIT_FILE) or DEFAULT_LIMIT


def set_limit(text: str) -> None:
    """Keep a limit for all of the user's programs; what is beyond it goes. Raises ``UserError`` for what is none."""
    _bytes_of(text, 0)
    _keep(_LIMIT_FILE, text.strip())
    make_room(0, home())


def limit() -> int:
    """Bytes that all decoded images together may take. Raises ``UserError`` for a setting that is none."""
    there = sum(entry.bytes for entry in entries())
    return _bytes_of(limit_text(), _free() + there)


def entries() -> list[Entry]:
    """All that is kept, what was needed last first."""
    found = (_entry(folder) for folder in home().glob(f"{'[0-9a-f]' * _DIGITS}/*") if folder.is_dir())
    return sorted((entry for entry in found if entry), key=lambda entry: -entry.used)


def make_room(wanted: int, of: Path) -> bool:
    """Whether so many bytes more fit for ``of``; others go where that helps, first what was not needed for longest.

    What nobody needed for ``KEPT_DAYS`` goes in any case. Raises ``UserError`` for a setting that is no limit.
    """
    forget_unused()
    kept = entries()
    others, everything = [entry for entry in kept if entry.folder != of], sum(entry.bytes for entry in kept)
    most = _bytes_of(limit_text(), _free() + everything) - wanted
    fits = _free() - wanted >= LEFT_FREE
    could = sum(entry.bytes for entry in others)
    if everything - could > most or _free() + could - wanted < LEFT_FREE:
        return False
    while others and not (fits and everything <= most):
        entry = others.pop()
        everything -= entry.bytes if delete(entry.folder) else 0
        fits = _free() - wanted >= LEFT_FREE
    return fits and everything <= most


def forget_unused(days: float = KEPT_DAYS) -> None:
    """Delete what nobody needed for so long: of data that are gone or have moved."""
    oldest = time.time() - days * 86_400
    for entry in entries():
        if entry.used < oldest:
            delete(entry.folder)


def delete(folder: Path) -> bool:
    """Whether it is gone; not so while somebody appends to it. Who reads it meanwhile goes on reading."""
    with contextlib.suppress(OSError, filelock.Timeout), lock_of(folder).acquire(timeout=0):
        shutil.rmtree(folder)
    return not folder.exists()  # its lock stays: whoever waits for it must not be alone with another one of that name


def empty() -> int:
    """Delete everything that nobody appends to; returns the bytes that were freed."""
    return sum(entry.bytes for entry in entries() if delete(entry.folder))


def sentence() -> str:
    """What they take and may take, and where, for people."""
    taken = as_size(sum(entry.bytes for entry in entries()))
    allowed = f"they may take {as_size(limit())} (limit: {limit_text()})"
    return f"Decoded images and features take {taken}; {allowed}. {home()}"


def as_size(count: int) -> str:
    """Bytes for people."""
    return f"{count / (1 << 30):,.1f} GB" if count >= 1 << 30 else f"{count / (1 << 20):,.0f} MB"


def folder_of(spec: str) -> Path:
    """The folder for all that is kept of some data."""
    return home() / hashlib.sha256(spec.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _entry(folder: Path) -> Entry | None:
    about, data = folder / ABOUT, "?"
    try:
        used = folder.stat().st_mtime
        size = sum(file.stat().st_size for file in folder.iterdir())
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # a deletion that failed has left the rest
            data, used = str(json.loads(about.read_text("utf-8"))["data"]), about.stat().st_mtime
        return Entry(folder, data, used, size)
    except OSError:
        return None


def _free() -> int:
    place = home()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _setting(name: str) -> str:
    try:
        return (paths.config_dir() / name).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _keep(name: str, text: str) -> None:
    paths.write_chosen(paths.config_dir() / name, lambda path: path.write_text(text, "utf-8"))


def _bytes_of(text: str, free: int) -> int:
    share = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if share and float(share[1]) <= 100:
        return int(free * float(share[1]) / 100)
    size = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", text.upper())
    if size:
        return int(float(size[1]) * _UNITS[size[2]])
    raise UserError(
        f"{one_sentence(text, 40)!r} is no limit for decoded images: write a share of the free disk, as 25%, a size, "
        "as 20GB, or 0 to keep none."
    )
