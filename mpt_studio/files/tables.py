"""Tables that people bring: CSV as spreadsheets and scripts write it, with the line of whatever is wrong.

UTF-8 with or without its mark, or UTF-16 with it; separated by comma, semicolon, tab or bar. ``called`` is the file for
people, as in "The class map pets.txt".
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.plain import MAX_BYTES, read

SEPARATORS = ",;\t|"
ID_COLUMNS = (
    "sample_id", "id", "image_id", "sample", "path", "image", "filename", "file_name", "file", "image_path",
)  # fmt: skip
"""Names of columns with sample ids; of several the first in this order counts."""
LONGEST_CELL = 1_000_000
_SUSPICIOUS = ("'", "=", "+", "-", "@", "\t", "\r")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet would run, or what ``shielded`` made of it."""
MOST_COLUMNS = 50_000
_SAID = re.compile(r"\"?sep=([,;\t|])\"?\1*", re.IGNORECASE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_START = 4096
"""A zero byte this early tells that something is no text."""


def text_of(path: Path, called: str, most: int = MAX_BYTES) -> str:
    """A file's text. Raises ``UserError``."""
    return decoded(content_of(path, called, most), called)


def content_of(path: Path, called: str, most: int = MAX_BYTES) -> bytes:
    """A file's bytes. Raises ``UserError``, also for a pipe or a device, without waiting for it."""
    try:
        return read(path, most)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise UserError(f"{called} could not be read ({getattr(error, 'strerror', None) or error}).") from None


def encoding_of(start: bytes) -> str:
    """A text file's encoding, by how it begins."""
    return "utf-16" if start[:2] in _UTF16 else "utf-8-sig"


def decoded(content: bytes, called: str, *, cut: bool = False) -> str:
    """Bytes as text; ``cut`` where they may end inside of a character. Raises ``UserError`` with the line."""
    encoding = encoding_of(content)
    if encoding != "utf-16" and b"\0" in content[:_START]:
        raise UserError(f"{called} is not a text file; save it as text in UTF-8.")
    try:
        return codecs.getincrementaldecoder(encoding)().decode(content, final=not cut)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{called}, line {line:,}, is not UTF-8 text; save it as UTF-8.") from None


def separator_of(text: str, known: Collection[str]) -> str:
    """The sign between the cells of a table, by its first line that is not blank.

    Excel's "sep=;" says it. Else it is the one that parts most of the names that are ``known``, then the one that
    stands there most often.
    """
    found = re.search(r"\S[^\r\n]*", text)
    header = found[0] if found else ""
    if said := _SAID.fullmatch(header):
        return said[1]

    def parts(sign: str) -> tuple[int, int]:
        names = sum(normal(name) in known for name in header.split(sign))
        return names, sum(part.count(sign) for part in header.split('"')[::2])

    return max(SEPARATORS, key=parts)


def table_of(text: str, known: Collection[str], called: str) -> Iterator[tuple[int, list[str]]]:
    """``rows_of`` a text whose separator is told by its header."""
    return rows_of(io.StringIO(text, newline=""), separator_of(text, known), called)


def shielded(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula; ``rows_of`` gives the text back."""
    return f"'{text}" if text[:1] in _SUSPICIOUS and _FORMULA.match(text) else text


def _unshielded(cells: list[str]) -> list[str]:
    return [cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell for cell in cells]


class _Noting:
    """Lines, and whether one had an apostrophe since ``noticed`` was last reset: only then are cells looked at."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines, self.noticed = lines, False

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.noticed = self.noticed or "'" in line
            yield line


def rows_of(lines: Iterable[str], separator: str, called: str) -> Iterator[tuple[int, list[str]]]:
    """(line where the row begins, its cells) of every row that is not empty, the header first.

    Lines are counted from 1, as editors count; they keep their ends. Raises ``UserError``.
    """
    csv.field_size_limit(LONGEST_CELL)
    noting = _Noting(lines)
    reader = csv.reader(noting, delimiter=separator, strict=True)
    begins = 1
    try:
        for row in reader:
            if row and not (begins == 1 and _SAID.fullmatch(separator.join(row).strip(" "))):
                yield begins, _unshielded(row) if noting.noticed else row
            begins, noting.noticed = reader.line_num + 1, False
    except csv.Error as error:
        raise UserError(f"{called}, line {begins:,}, is not CSV ({_said(error)}); check its quotes.") from None
    except UnicodeDecodeError:
        raise UserError(f"{called} is not UTF-8 after line {begins - 1:,}; save it as UTF-8.") from None


def cells_of(line: str, separator: str = ",") -> list[str]:
    """The cells of one line, without the space around them. Raises ``UserError``."""
    try:
        rows = list(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise UserError(f"{one_sentence(line, 60)!r} is not CSV ({_said(error)}); check its quotes.") from None
    return _unshielded([cell.strip() for row in rows for cell in row])


def _said(error: csv.Error) -> str:
    return one_sentence(str(error).replace("'\t'", "a tab"), 80)


def normal(name: str) -> str:
    """A column's name as it is compared: lower case, underscores for spaces and hyphens."""
    return re.sub(r"[\s_\-]+", "_", unicodedata.normalize("NFC", name).strip().strip('"').lower())


def position_of(header: Sequence[str], names: Sequence[str]) -> int:
    """Where the first of ``names`` stands that the header has; −1 where it has none."""
    plain = [normal(name) for name in header]
    return next((plain.index(name) for name in names if name in plain), -1)


def refuse_columns(count: int, called: str) -> None:
    """Raise ``UserError`` for more columns than there are classes anywhere."""
    if count > MOST_COLUMNS:
        raise UserError(f"{called} has {count:,} columns; at most {MOST_COLUMNS:,} are read.")


def refuse_doubles(names: Sequence[str], called: str) -> None:
    """Raise ``UserError`` where two columns have one name, or columns are too many."""
    refuse_columns(len(names), called)
    double = next((name for name, count in Counter(names).items() if count > 1), None)
    if double is not None:
        raise UserError(f"{called} has more than one column {one_sentence(double, 60)!r}; give each its own name.")
