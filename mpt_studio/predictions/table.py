"""A table of predictions as it was written, before its names and numbers mean anything. Letters: N rows, C scores."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.predictions.answers import Floats, Strings
from mpt_studio.predictions.columns import Declared

IN_MEMORY = 256 << 20
"""Bytes of scores beyond which they wait in a temporary file."""

MOST_ROWS = 50_000_000
LONGEST_ID = 4096
MOST_ID_BYTES = 4 << 30


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of names: each different text once."""

    values: tuple[str, ...]
    """In the order of their first appearance."""
    codes: npt.NDArray[np.int32]
    """(N,) index into ``values``; −1 for an empty cell."""
    indices: bool = False
    """Whether numbers can only be positions in a class list, never names."""


@dataclass(frozen=True, eq=False)
class Table:
    """The columns that matter."""

    path: Path
    ids: Strings
    """(N,)"""
    labels: Coded | None
    answers: Coded | None
    scores: Floats | None
    """(N, C)"""
    score_names: tuple[str, ...] | None
    """(C,) None where the columns are numbered from 0."""
    declared: Declared = ""
    ignored: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    """What the file says numbers refer to; only ``.npz`` can."""
    label_names: tuple[str, ...] = ()
    """What it says that labels as numbers refer to, where that differs."""
    notes: tuple[str, ...] = ()
    """What was found while the columns were told apart."""

    @property
    def name(self) -> str:
        """The file, for people."""
        return file_name(self.path)


def file_name(path: Path) -> str:
    """A file's name for a sentence."""
    return one_sentence(path.name, 60)


class Codes:
    """Collects a column of names."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {"": -1}
        self._parts: list[npt.NDArray[np.int32]] = []

    def add(self, texts: Iterable[str]) -> None:
        """Further cells, without the space around them."""
        index = self._index
        found = [index.setdefault(text.strip(), len(index) - 1) for text in texts]
        self._parts.append(np.array(found, dtype=np.int32))

    def coded(self) -> Coded:
        """All cells."""
        return Coded(tuple(self._index)[1:], np.concatenate([np.empty(0, np.int32), *self._parts]))


class Spool:
    """Collects rows of scores, in a temporary file once they are many."""

    def __init__(self, columns: int) -> None:
        self.columns, self.rows = columns, 0
        self._parts: list[Floats] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def add(self, block: Floats) -> None:
        """Further rows."""
        self._parts.append(block)
        self.rows += len(block)
        self._bytes += block.nbytes
        if self._bytes > IN_MEMORY:
            self._flush()

    def _flush(self) -> None:
        if self._file is None:
            folder = paths.cache_dir()
            folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the map of it
        for part in self._parts:
            self._file.write(np.ascontiguousarray(part).data)
        self._parts, self._bytes = [], 0

    def array(self) -> Floats:
        """(N, C) all rows."""
        if self._file is None:
            return np.concatenate([np.empty((0, self.columns), np.float32), *self._parts])
        self._flush()
        self._file.flush()
        return np.memmap(self._file, np.float32, "r+", shape=(self.rows, self.columns))


class Ids:
    """Collects sample ids."""

    def __init__(self, where: str) -> None:
        self._where, self._rows, self._longest = where, 0, 0
        self._parts: list[Strings] = []

    def add(self, texts: Sequence[str]) -> None:
        """Further ids. Raises ``UserError`` where they are too long, or too many for their length."""
        self._rows += len(texts)
        self._longest = max(self._longest, *map(len, texts))
        refuse_large(self._rows, self._longest, self._where)
        self._parts.append(np.array(texts, dtype=np.str_))

    def array(self) -> Strings:
        """All of them. Raises ``UserError`` where there are none, or some twice."""
        if not self._parts:
            raise UserError(f"{self._where} has no rows; it needs a header and a row for each sample.")
        return unique_ids(np.concatenate(self._parts), self._where)

    def start(self) -> list[str]:
        """The first ones."""
        return self._parts[0].tolist() if self._parts else []


def refuse_large(rows: int, longest: int, where: str) -> None:
    """Raise ``UserError`` for ids that arrays of one width cannot hold."""
    if rows > MOST_ROWS:
        raise UserError(f"{where} has more than {MOST_ROWS:,} rows, more than can be read.")
    if longest > LONGEST_ID or rows * longest * 4 > MOST_ID_BYTES:
        raise UserError(f"{where} has {rows:,} rows with ids of up to {longest:,} characters; make the ids shorter.")


def unique_ids(ids: Strings, where: str) -> Strings:
    """The ids. Raises ``UserError`` where some are there twice, with their number and the first ones."""
    texts = ids.tolist()
    if len(set(texts)) == len(texts):
        return ids
    names, counts = np.unique(ids, return_counts=True)
    doubles = names[counts > 1]
    shown = ", ".join(repr(one_sentence(str(name), 30)) for name in doubles[:3])
    raise UserError(
        f"{where} has {len(doubles):,} sample id{'s' if len(doubles) > 1 else ''} more than once ({shown}"
        f"{', …' if len(doubles) > 3 else ''}); ids tell samples apart, so give each its own."
    )
