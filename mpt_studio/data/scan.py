"""Finds the image files of each class: natural order, no hidden files, no link loops, names in one Unicode form."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.data import decode
from mpt_studio.data.classes import natural_key, quoted
from mpt_studio.data.dataset import Skipped
from mpt_studio.errors import UserError, one_sentence

_TWIN = "another file has the same name in another Unicode form"


@dataclass(frozen=True)
class Found:
    """An image file; names are in Unicode's composed form (NFC), the path is as the disk has it."""

    path: str
    """Relative to the data's root."""
    sample_id: str
    """The same, composed, with forward slashes: the same on every system."""
    class_name: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Listing:
    """One part's folder."""

    class_names: tuple[str, ...]
    """In natural order, also of classes without images; as often as there are folders."""
    found: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def scan(root: Path, place: Path) -> Listing:
    """List the images of ``place``, a part's folder under ``root`` or ``root`` itself. Raises ``UserError``."""
    folders = [entry for entry in os.scandir(place) if _is_folder(entry)]
    folders.sort(key=lambda entry: natural_key(entry.name))
    unreadable = [entry.name for entry in folders if not _is_text(entry.name)]
    if unreadable:
        raise UserError(f"The name of the class folder {quoted(unreadable)} is no valid text; rename it.")
    found: list[Found] = []
    skipped = [
        Skipped(_id(root, entry), "lies outside every class folder")
        for entry in os.scandir(place)
        if _is_image(entry) and _is_text(entry.name)
    ]
    for folder in folders:
        for entry in sorted(_walk(Path(folder.path)), key=lambda e: natural_key(e.path)):
            _sort_in(root, entry, composed(folder.name), found, skipped)
    unique = {f.sample_id: f for f in reversed(found)}
    skipped += [Skipped(f.sample_id, _TWIN) for f in found if unique[f.sample_id] is not f]
    names = tuple(composed(folder.name) for folder in folders)
    return Listing(names, tuple(f for f in found if unique[f.sample_id] is f), tuple(skipped))


def composed(text: str) -> str:
    """Unicode's composed form, so that names from macOS and from elsewhere are equal."""
    return unicodedata.normalize("NFC", text)


def _sort_in(root: Path, entry: os.DirEntry[str], class_name: str, found: list[Found], skipped: list[Skipped]) -> None:
    relative = _relative(root, entry)
    if not _is_text(relative):
        skipped.append(Skipped(one_sentence(relative.encode("utf-8", "replace").decode()), "its name is no valid text"))
        return
    try:
        status = entry.stat()
    except OSError as error:
        skipped.append(Skipped(_id(root, entry), error.strerror or "unreadable"))
        return
    found.append(Found(relative, _id(root, entry), class_name, status.st_size, status.st_mtime_ns))


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Image files below a folder. Each real folder is entered once, and none that contains the class folder."""
    start = os.path.realpath(folder)
    entered = {start}
    waiting = [str(folder)]
    while waiting:
        for entry in _entries(waiting.pop()):
            if _is_image(entry):
                yield entry
            elif _is_folder(entry):
                real = os.path.realpath(entry.path)
                if real not in entered and not (start + os.sep).startswith(real.rstrip(os.sep) + os.sep):
                    entered.add(real)
                    waiting.append(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and _leads_to_folder(entry)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_image(entry: os.DirEntry[str]) -> bool:
    """By name alone; a dangling link counts, so that it is listed as unreadable."""
    suffix = os.path.splitext(entry.name)[1].lower()
    return not entry.name.startswith(".") and suffix in decode.SUFFIXES and not _leads_to_folder(entry)


def _is_text(name: str) -> bool:
    """Whether a file's name was valid in the file system's encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _relative(root: Path, entry: os.DirEntry[str]) -> str:
    """Text arithmetic, because there may be millions of files."""
    return entry.path[len(str(root).rstrip(os.sep)) + 1 :]


def _id(root: Path, entry: os.DirEntry[str]) -> str:
    return composed(_relative(root, entry).replace(os.sep, "/"))
