"""The table of a manifest: a path and a label per line, read with line numbers for every complaint."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.data.by_name import near
from mpt_studio.data.part_names import part_of
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files.kinds import MANIFESTS
from mpt_studio.files.plain import handle_of
from mpt_studio.files.tables import decoded, encoding_of, position_of, refuse_doubles, table_of

PATH_NAMES = (
    "path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "img_path",
    "image_name", "img_name", "image_file", "image_id", "img_id", "file_id", "id",
)  # fmt: skip
LABEL_NAMES = ("label", "class", "target", "class_name", "label_name", "category")
PART_NAMES = ("split", "part", "subset", "partition")
"""Names of columns whatever the case, spaces and underscores; of several the first in this order counts."""
MOST_CELLS = 50_000_000
_YES, _NO = {"1", "true", "yes"}, {"0", "false", "no"}
_KNOWN = frozenset({*PATH_NAMES, *LABEL_NAMES, *PART_NAMES})

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Line:
    """One line below the header."""

    number: int
    """Counted from 1, the header included, as editors count; where the line begins."""
    path: str
    label: str
    part: str
    more: tuple[str, ...]
    """The other columns' texts."""


@dataclass(frozen=True)
class Table:
    """A manifest's content, nothing of it checked against the disk."""

    lines: tuple[Line, ...]
    more: tuple[str, ...]
    """Names of the other columns."""
    has_parts: bool
    notes: tuple[str, ...] = ()


def read_table(file: Path, content: bytes) -> Table:
    """Read a manifest's bytes. Raises ``UserError`` for what is no such table, with the line where that is known."""
    lines = _rows(file, decoded(content, called(file)))
    header = next(lines, (1, [""]))[1]
    path, label, part = _columns(file, header)
    rows, notes = list(lines), []
    if part < 0:
        part, rows = _meant_part(header, (path, label), rows)
        notes = [f"The column {header[part].strip()!r} tells the parts."] if part >= 0 else []
    more = [i for i, name in enumerate(header) if i not in (path, label, part) and name.strip()]
    names = tuple(header[i].strip() for i in more)
    refuse_doubles(names, called(file))
    if len(rows) * len(header) > MOST_CELLS:
        raise UserError(f"{called(file)} has {len(rows):,} rows of {len(header):,} columns; leave columns out.")
    wanted = [path, label, part, *more]
    found = ((number, [row[i].strip() if 0 <= i < len(row) else "" for i in wanted]) for number, row in rows)
    made = tuple(Line(number, cells[0], cells[1], cells[2], tuple(cells[3:])) for number, cells in found if any(cells))
    return Table(made, names, part >= 0, tuple(notes))


def _meant_part(header: Sequence[str], used: Collection[int], rows: list[Row]) -> tuple[int, list[Row]]:
    """A column under any name whose cells all name parts, or say of each row whether it is of one; −1 for none."""
    for at in (i for i in range(len(header)) if i not in used):
        texts = {row[at].strip() for _, row in rows if at < len(row)}
        named = {part_of(text) for text in texts} if len(texts) < 20 else {None}
        if None not in named and "train" in named and len(named) > 1:
            return at, rows
        yes = part_of(header[at])
        if yes in ("train", "test") and len(texts) == 2 and {text.lower() for text in texts} <= _YES | _NO:
            parts = {True: yes, False: "test" if yes == "train" else "train"}
            return at, [(n, [*row[:at], parts[row[at].strip().lower() in _YES], *row[at + 1 :]]) for n, row in rows]
    return -1, rows


def is_manifest(file: Path) -> bool:
    """Whether a file is a table with a path and a label column, and one of the first ten paths is there."""
    if not (MANIFESTS.fits(file) and file.is_file()):
        return False
    try:
        with os.fdopen(handle_of(file), "rb") as stream:
            head = stream.read(1 << 16)
        lines = _rows(file, head.decode(encoding_of(head), "replace"))
        at, _, _ = _columns(file, next(lines)[1])
        paths = (row[at] for _, row in itertools.islice(lines, 10) if at < len(row))
        found = list(paths)
        there = any(os.path.isfile(place) for path in found for place in places(file.parent, path))
        return there or any(near(file.parent, path) for path in found[:2] if path.strip())
    except (OSError, ValueError, UserError, StopIteration):
        return False


def places(folder: Path, text: str) -> Iterator[str]:
    """Where a path of a manifest may lead: as written, and with a foreign system's separators."""
    path = text.strip()
    if path:
        yield os.path.join(folder, path)
        if "\\" in path:
            yield os.path.join(folder, path.replace("\\", "/"))


def called(file: Path) -> str:
    """A manifest for a sentence."""
    return one_sentence(str(file), 120)


def _rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines with nothing but separators are passed over."""
    return ((n, row) for n, row in table_of(text, _KNOWN, called(file)) if any(cell.strip() for cell in row))


def _columns(file: Path, header: Sequence[str]) -> tuple[int, int, int]:
    path, label, part = (position_of(header, names) for names in (PATH_NAMES, LABEL_NAMES, PART_NAMES))
    for position, what, names in ((path, "paths", PATH_NAMES), (label, "labels", LABEL_NAMES)):
        if position < 0:
            shown = quoted([name.strip() for name in header], 4) if any(header) else "nothing"
            wanted = " or ".join(names[:2])
            raise UserError(f"{called(file)} has no column of {what} but {shown}; name one {wanted} in its first line.")
    return path, label, part
