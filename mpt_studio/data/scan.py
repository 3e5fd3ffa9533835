"""Sorts the image files of a tree into classes: natural order, names in one Unicode form, no file twice."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.data.classes import natural_key
from mpt_studio.data.dataset import Skipped
from mpt_studio.data.walk import LINK, Folder, Tree
from mpt_studio.errors import UserError, one_sentence, quoted

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
    is_link: bool = False


@dataclass(frozen=True)
class Listing:
    """One part's folder."""

    class_names: tuple[str, ...]
    """In natural order, also of classes without images; as often as there are folders."""
    found: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def scan(tree: Tree, place: str = "") -> Listing:
    """The images of ``place``, a part's folder relative to the tree's root, or "" for the root itself.

    An image belongs to the topmost folder below ``place``, however deep it lies. Raises ``UserError`` for a class
    folder whose name is no text.
    """
    of_class = _by_class(tree, place)
    names = sorted(of_class, key=natural_key)
    no_text = [name for name in names if not is_text(name)]
    if no_text:
        raise UserError(f"The name of the class folder {quoted(no_text)} is no valid text; rename it.")
    found: list[Found] = []
    skipped = _outside(tree, place)
    for name in names:
        for path, entry in _files(of_class[name]):
            _sort_in(path, entry, composed(name), found, skipped)
    unique = {f.sample_id: f for f in reversed(found)}
    skipped += [Skipped(f.sample_id, _TWIN) for f in found if unique[f.sample_id] is not f]
    kept = tuple(f for f in found if unique[f.sample_id] is f)
    return Listing(tuple(composed(name) for name in names), kept, tuple(skipped))


def without_repeats(root: Path, found: Sequence[Found]) -> tuple[list[Found], list[Skipped]]:
    """Leave out links to files that count already; what is no link counts first, then the first link."""
    links = [f for f in found if f.is_link]
    if not links:
        return list(found), []
    owner = {_real(root, f): f for f in reversed(links)}
    owner |= {_real(root, f): f for f in found if not f.is_link}
    repeats = {id(f): owner[_real(root, f)] for f in links if owner[_real(root, f)] is not f}
    kept = [f for f in found if id(f) not in repeats]
    skipped = [
        Skipped(f.sample_id, f"a link to {one_sentence(repeats[id(f)].sample_id, 150)}, which counts already")
        for f in links
        if id(f) in repeats
    ]
    return kept, skipped


def link_notes(tree: Tree) -> Iterator[str]:
    """What to know about links to folders and out of the tree."""
    if tree.repeated:
        names = quoted([shown(path) for path in tree.repeated], 3)
        yield f"The folder link {names} leads to images that count already and is not followed."
    if tree.outside:
        names = quoted([shown(path) for path in tree.outside], 3)
        count = len(tree.outside)
        links = f"{count:,} links lead" if count > 1 else "A link leads"
        yield f"{links} out of the folder: {names}. What is there is read; name the real folder if that is not meant."


def composed(text: str) -> str:
    """Unicode's composed form, so that names from macOS and from elsewhere are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_text(name: str) -> bool:
    """Whether a file's name was valid in the file system's encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _by_class(tree: Tree, place: str) -> dict[str, list[Folder]]:
    """The folders of each class, by the class folder's name as the disk has it."""
    start = place + os.sep if place else ""
    of_class: dict[str, list[Folder]] = {}
    for folder in tree.folders:
        if folder.path.startswith(start) and folder.path != place:
            of_class.setdefault(folder.path[len(start) :].split(os.sep, 1)[0], []).append(folder)
    return of_class


def _files(folders: list[Folder]) -> list[tuple[str, tuple[str, int, int, str]]]:
    """(path, entry) of a class in natural order."""
    files = [(os.path.join(folder.path, entry[0]), entry) for folder in folders for entry in folder.entries]
    return sorted(files, key=lambda file: natural_key(file[0]))


def _outside(tree: Tree, place: str) -> list[Skipped]:
    here = next((folder for folder in tree.folders if folder.path == place), None)
    names = [os.path.join(place, entry[0]) for entry in here.entries] if here else []
    return [Skipped(shown(name), "lies outside every class folder") for name in names]


def _sort_in(
    path: str, entry: tuple[str, int, int, str], class_name: str, found: list[Found], skipped: list[Skipped]
) -> None:
    _, size, mtime_ns, note = entry
    if not is_text(path):
        skipped.append(Skipped(shown(path), "its name is no valid text"))
    elif note not in ("", LINK):
        skipped.append(Skipped(shown(path), note))
    else:
        found.append(Found(path, sample_id(path), class_name, size, mtime_ns, note == LINK))


def sample_id(path: str) -> str:
    """The id of the sample at a path relative to the data's root."""
    return composed(path.replace(os.sep, "/"))


def shown(path: str) -> str:
    """A path's id where it is text, else with its bytes replaced."""
    return sample_id(path) if is_text(path) else one_sentence(path.encode("utf-8", "replace").decode())


def _real(root: Path, found: Found) -> str:
    return os.path.realpath(root / found.path)
