"""Images that lie many to a file, in the order of their files; each is fetched by its index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mpt_studio.data.index import Index
from mpt_studio.data.indexed import IndexedDataset
from mpt_studio.data.packed.holding import Holding, Key
from mpt_studio.data.scan import Found
from mpt_studio.files.kinds import Kind


class Reader(Protocol):
    """How files of one kind are read; goes to loader processes with the data set."""

    kind: Kind
    word: str
    """What such a file is called."""

    def listed(self, path: Path, found: Found) -> Holding:
        """The images in a file. Raises ``OSError``, and ``UserError`` where the data cannot be opened at all."""

    def content(self, path: Path, at: int, length: int) -> bytes:
        """The bytes of one image, in any thread. Raises ``OSError``."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where each of N images lies."""

    file: npt.NDArray[np.int32]
    """(N,) index into the data set's keys."""
    at: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]


class PackedDataset(IndexedDataset):
    """Images in shards or tables."""

    def __init__(
        self, spec: str, root: Path, index: Index, places: Places, keys: Sequence[Key], reader: Reader
    ) -> None:
        super().__init__(spec, root, index)
        self._places, self._keys, self._reader = places, keys, reader

    def _content(self, index: int) -> bytes:
        places = self._places
        path = self._root / self._keys[places.file[index]][0]
        return self._reader.content(path, int(places.at[index]), int(places.length[index]))

    def _known(self, index: int) -> bytes | None:
        """By its content alone, while the file that holds it looks as it did: shards may be packed anew."""
        path, size, mtime_ns = self._keys[self._places.file[index]]
        try:
            status = os.stat(os.path.join(self._root, path))
        except OSError:
            return None
        is_same = (status.st_size, status.st_mtime_ns) == (size, mtime_ns)
        return self._index.digests[index].tobytes() if is_same else None
