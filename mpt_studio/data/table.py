"""The table of a manifest: a CSV file with a path and a label per line, read with line numbers for every complaint."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.data import files
from mpt_studio.data.classes import quoted
from mpt_studio.data.scan import composed
from mpt_studio.errors import UserError, one_sentence

PATH_NAMES = (
    "path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "img_path",
)  # fmt: skip
LABEL_NAMES = ("label", "class", "target", "class_name", "label_name", "category")
PART_NAMES = ("split", "part", "subset", "partition")
"""Names of columns whatever the case, spaces and underscores; of several the first in this order counts."""
_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_FIELD = 1_000_000


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


def read_table(file: Path, content: bytes) -> Table:
    """Read a manifest's bytes: UTF-8 or UTF-16 with its mark, separated by comma, semicolon, tab or bar.

    Raises ``UserError`` for what is no such table, with the line where that is known.
    """
    lines = _rows(file, _text(file, content))
    header = next(lines, (1, []))[1]
    at = _columns(file, header)
    named = {position for position in at if position is not None}
    more = [i for i, name in enumerate(header) if i not in named and name.strip()]
    names = tuple(header[i].strip() for i in more)
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise UserError(f"{_called(file)} has more than one column {double!r}; give each its own name.")
    wanted = [*at, *more]
    found = (
        (number, [row[i].strip() if i is not None and i < len(row) else "" for i in wanted]) for number, row in lines
    )
    made = tuple(Line(number, cells[0], cells[1], cells[2], tuple(cells[3:])) for number, cells in found if any(cells))
    return Table(made, names, at[2] is not None)


def looks_like_manifest(file: Path) -> bool:
    """Whether a file is a table with a path and a label column, and one of the first ten paths is there."""
    try:
        with file.open("rb") as stream:
            head = stream.read(1 << 16)
        lines = _rows(file, head.decode("utf-16" if head[:2] in _UTF16 else "utf-8-sig", "replace"))
        path_at, _, _ = _columns(file, next(lines)[1])
        for _, (_, row) in zip(range(10), lines, strict=False):
            if (
                path_at is not None
                and path_at < len(row)
                and any(map(os.path.isfile, places(file.parent, row[path_at])))
            ):
                return True
    except (OSError, ValueError, UserError, StopIteration):
        pass
    return False


def places(folder: Path, text: str) -> Iterator[str]:
    """Where a path of a manifest may lead: as written, and with a foreign system's separators."""
    path = text.strip()
    if path:
        yield os.path.join(folder, path)
        if "\\" in path:
            yield os.path.join(folder, path.replace("\\", "/"))


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_content(file: Path) -> bytes:
    """A manifest's bytes. Raises ``UserError``."""
    try:
        return files.read(file)
    except files.NotAFile as problem:
        raise UserError(f"{_called(file)} is {problem}; a manifest is a CSV file.") from None
    except FileNotFoundError:
        raise UserError(f"There is no file {_called(file)}; check the path in manifest:FILE.csv.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{_called(file)} cannot be read ({getattr(error, 'strerror', '') or error}).") from None


def _text(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-16" if content[:2] in _UTF16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"Line {line:,} of {_called(file)} is not UTF-8 text; save the file as UTF-8.") from None


def _rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """(line where the row begins, its fields), the header first; empty lines are passed over."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda d: (_knows(first.split(d)), first.count(d)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    csv.field_size_limit(_LONGEST_FIELD)
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"Line {begins:,} of {_called(file)} is not CSV ({error}); check its quotes.") from None


def _knows(header: Sequence[str]) -> int:
    return sum(_find(header, names) is not None for names in (PATH_NAMES, LABEL_NAMES, PART_NAMES))


def _columns(file: Path, header: Sequence[str]) -> tuple[int | None, int | None, int | None]:
    at = (_find(header, PATH_NAMES), _find(header, LABEL_NAMES), _find(header, PART_NAMES))
    for position, what, names in ((at[0], "paths", PATH_NAMES), (at[1], "labels", LABEL_NAMES)):
        if position is None:
            shown = quoted([name.strip() for name in header], 4) if any(header) else "nothing"
            wanted = " or ".join(names[:2])
            raise UserError(
                f"{_called(file)} has no column of {what} but {shown}; name one {wanted} in its first line."
            )
    return at


def _find(header: Sequence[str], names: Sequence[str]) -> int | None:
    plain = [re.sub(r"[\s_\-]+", "_", composed(name).strip().strip('"').lower()) for name in header]
    return next((plain.index(name) for name in names if name in plain), None)


def _called(file: Path) -> str:
    return one_sentence(str(file), 120)
