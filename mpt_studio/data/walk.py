"""Walks a tree of image files: every real folder once, nothing opened, and a fingerprint that tells whether it changed.

Links to folders are followed after all real folders, so that an image belongs to the folder that really holds it. Two
kinds of links are not followed: to a folder that is read already, and to one that contains the tree itself.
"""

from __future__ import annotations

import hashlib
import heapq
import os
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.data.dataset import Progress
from mpt_studio.files.kinds import IMAGES, UNREADABLE_IMAGES
from mpt_studio.files.plain import is_of_system, what_else

_SUFFIXES = frozenset((*IMAGES.suffixes, *UNREADABLE_IMAGES.suffixes))
SYSTEM_FOLDERS = frozenset({"@eadir", "__macosx", "$recycle.bin", "system volume information", "lost+found"})
"""Made by file servers, archivers and file systems; their pictures are small copies of the user's."""
LINK = "link"
_TELL_EVERY = 5000
"""Files between two reports of progress."""

FoundFile = tuple[str, int, int, str]
"""Name, size, time in nanoseconds, and "" for a file, ``LINK`` for a link to one, else why it cannot be read."""


@dataclass(frozen=True)
class Folder:
    """One folder and the entries in it that are named like images, by name."""

    path: str
    """Relative to the root, with the system's separators; "" is the root itself."""
    entries: tuple[FoundFile, ...]


@dataclass(frozen=True)
class Tree:
    """What lies below a root."""

    folders: tuple[Folder, ...]
    """By path, those without images too."""
    unreadable: tuple[tuple[str, str], ...]
    """Folders that could not be listed, and why."""
    repeated: tuple[str, ...]
    """Links to folders that are read already, or that contain the root."""
    outside: tuple[str, ...]
    """Links of folders and of images that lead out of the root, which are read."""
    fingerprint: str
    """Changes when a file comes, goes, or gets another size or time."""


@dataclass(frozen=True)
class _Place:
    path: str
    real: str


def walk(root: Path, progress: Progress, suffixes: Collection[str] = _SUFFIXES, what: str = "images") -> Tree:
    """List the files of a tree that end like images, or as asked for; nothing is opened.

    Symbolic loops, pipes, sockets and devices are harmless: entries are only asked what they are.

    ``progress`` gets the number of files found so far; an exception raised from it ends the walk.
    """
    return _Walker(root, progress, suffixes, what).tree()


class _Walker:
    def __init__(self, root: Path, progress: Progress, suffixes: Collection[str], what: str) -> None:
        self._suffixes, self._what = suffixes, what
        self._root, self._progress = str(root).rstrip(os.sep) or os.sep, progress
        self._real_root = os.path.realpath(root)
        self._entered = {self._real_root}
        self._waiting = deque([_Place("", self._real_root)])
        self._links: list[str] = []
        self._folders: list[Folder] = []
        self._unreadable: list[tuple[str, str]] = []
        self._repeated: list[str] = []
        self._outside: list[str] = []
        self._files = 0

    def tree(self) -> Tree:
        while self._waiting or self._links:
            if self._waiting:
                self._enter(self._waiting.popleft())
            else:
                self._follow_links()
        self._folders.sort(key=lambda folder: folder.path)
        facts = (self._folders, sorted(self._unreadable), sorted(self._repeated))
        digest = hashlib.blake2b(digest_size=16)
        for fact in (*self._folders, *facts[1:]):
            digest.update(repr(fact).encode("utf-8", "backslashreplace"))
        outside = tuple(sorted(self._outside))
        return Tree(tuple(self._folders), tuple(facts[1]), tuple(facts[2]), outside, digest.hexdigest())

    def _enter(self, place: _Place) -> None:
        try:
            self._folders.append(Folder(place.path, tuple(sorted(self._entries(place)))))
        except OSError as error:
            self._folders.append(Folder(place.path, ()))
            self._unreadable.append((place.path, error.strerror or "cannot be listed"))

    def _entries(self, place: _Place) -> Iterator[FoundFile]:
        with os.scandir(os.path.join(self._root, place.path)) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _leads_to_folder(entry):
                    self._put_folder(entry, place)
                elif os.path.splitext(entry.name)[1].lower() in self._suffixes:
                    self._count()
                    found = _described(entry)
                    if found[3] == LINK and self._leads_out(place, entry.name):
                        self._outside.append(os.path.join(place.path, entry.name))
                    yield found

    def _put_folder(self, entry: os.DirEntry[str], place: _Place) -> None:
        if entry.name.lower() in SYSTEM_FOLDERS:
            return
        path = os.path.join(place.path, entry.name)
        if entry.is_symlink():
            heapq.heappush(self._links, path)
            return
        real = os.path.join(place.real, entry.name)
        if real not in self._entered:
            self._entered.add(real)
            self._waiting.append(_Place(path, real))

    def _follow_links(self) -> None:
        """Enter the first link by name that leads to a new folder; the others wait until that one is read."""
        while self._links:
            path = heapq.heappop(self._links)
            real = os.path.realpath(os.path.join(self._root, path))
            if real in self._entered or self._contains_root(real):
                self._repeated.append(path)
                continue
            if is_of_system(real):
                self._unreadable.append((path, "a part of the system, not of data"))
                continue
            if not self._is_inside(real):
                self._outside.append(path)
            self._entered.add(real)
            self._waiting.append(_Place(path, real))
            return

    def _leads_out(self, place: _Place, name: str) -> bool:
        """Whether a link that lies inside leads to data outside; its text is looked at first, as links may be many."""
        path = os.path.join(place.real, name)
        aim = os.path.normpath(os.path.join(place.real, os.readlink(path)))
        if not self._is_inside(path) or self._is_inside(aim) or is_of_system(path):
            return False
        return not self._is_inside(os.path.realpath(aim))

    def _is_inside(self, real: str) -> bool:
        return real.startswith(self._real_root.rstrip(os.sep) + os.sep)

    def _contains_root(self, real: str) -> bool:
        return (self._real_root + os.sep).startswith(real.rstrip(os.sep) + os.sep)

    def _count(self) -> None:
        if self._files % _TELL_EVERY == 0:
            found = f": {self._files:,} found" if self._files else ""
            self._progress(f"Looking for {self._what}{found}", None)
        self._files += 1


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _described(entry: os.DirEntry[str]) -> FoundFile:
    try:
        status = entry.stat()
    except OSError as error:
        return entry.name, 0, 0, error.strerror or "unreadable"
    problem = what_else(status.st_mode)
    return entry.name, status.st_size, status.st_mtime_ns, problem or (LINK if entry.is_symlink() else "")
