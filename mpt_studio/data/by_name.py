"""Finds the images that a table names without their folder or ending, as the tables of competitions do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

from mpt_studio.data.dataset import Progress
from mpt_studio.data.walk import walk
from mpt_studio.errors import quoted
from mpt_studio.files.kinds import IMAGES

_MOST_FOLDERS = 50


def near(folder: Path, text: str) -> bool:
    """Whether an image of this name lies in a folder or directly below; asks for few paths."""
    try:
        below = [entry.path for entry in islice(os.scandir(folder), 1000) if entry.is_dir()][:_MOST_FOLDERS]
    except OSError:
        return False
    name = text.strip().replace("\\", "/")
    ends = ("", *IMAGES.suffixes)
    return any(os.path.isfile(os.path.join(place, name + end)) for place in (str(folder), *below) for end in ends)


class ByName:
    """The images below a table's folder. The tree is only walked once something is asked for."""

    def __init__(self, table: Path, progress: Progress) -> None:
        self._table, self._progress = table, progress

    def find(self, text: str) -> tuple[str, str]:
        """The path of the one image that is called so, relative to the table's folder, or "" and why there is none."""
        wanted = text.strip().replace("\\", "/").lstrip("./")
        found = [path for path in self._images.get(_stem(wanted), []) if wanted and _ends_with(path, wanted)]
        own = [path for path in found if path.startswith(f"{self._table.stem}/")]  # train.csv tells of train/
        chosen = own if len(own) == 1 else found
        if len(chosen) > 1:
            return "", f"{len(chosen):,} files are called so: {quoted(chosen, 2)}"
        return (chosen[0], "") if chosen else ("", "no such file")

    @cached_property
    def _images(self) -> dict[str, list[str]]:
        """Paths with forward slashes, by the file's name without its ending."""
        found: dict[str, list[str]] = {}
        for path in self._paths():
            found.setdefault(_stem(path), []).append(path)
        return found

    def _paths(self) -> Iterator[str]:
        for folder in walk(self._table.parent, self._progress).folders:
            for name, *_ in folder.entries:
                yield os.path.join(folder.path, name).replace(os.sep, "/")


def _stem(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in IMAGES.suffixes else name


def _ends_with(path: str, wanted: str) -> bool:
    """Whether a path is the wanted one, or ends like it at a slash; its ending may be left out."""
    return any(f"/{each}".endswith(f"/{wanted}") for each in (path, os.path.splitext(path)[0]))
