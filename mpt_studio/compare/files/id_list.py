"""Lists of sample ids as files: a line each, or a column of a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import TABLES
from mpt_studio.files.tables import ID_COLUMNS, position_of, rows_of, shielded, table_of, text_of

LARGEST = 64 << 20


def read_ids(path: Path) -> tuple[str, ...]:
    """Read a must-not-flip list: a plain text file with an id a line, or a CSV file with a column of ids.

    In a text file, blank lines and lines that begin with # are passed over. A table (.csv, .tsv) has a header if its
    first line names a column like "sample_id"; otherwise its first column holds the ids. Raises ``UserError``.
    """
    called = f"The list {path}"
    text = text_of(path.expanduser(), called, LARGEST)
    found = _from_table(text, called) if TABLES.fits(path) else _from_lines(text)
    if not found:
        raise UserError(f"{called} has no ids; it needs an id a line.")
    return tuple(dict.fromkeys(found))


def write_ids(path: Path, sample_ids: Iterable[str], notes: Mapping[str, str] | None = None) -> None:
    """Write a must-not-flip list that ``read_ids`` reads back; CSV with notes where ``path`` ends in .csv.

    Raises ``UserError`` where it cannot be written, and for an id that a text file cannot hold.
    """
    ids = list(sample_ids)
    paths.write_chosen(path, lambda temporary: _write(temporary, ids, notes or {}, path.suffix.lower() == ".csv"))


def _write(path: Path, ids: list[str], notes: Mapping[str, str], as_csv: bool) -> None:
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        if as_csv:
            table = csv.writer(stream, lineterminator="\n")
            table.writerows([("sample_id", "note"), *((shielded(name), shielded(notes.get(name, ""))) for name in ids)])
            return
        odd = next((name for name in ids if name != name.strip() or name.startswith("#") or "\n" in name), None)
        if odd is not None:
            raise UserError(f"The id {odd!r} cannot stand on a line of text; write a .csv file.")
        stream.writelines(f"{name}\n" for name in ids)


def _from_lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _from_table(text: str, called: str) -> list[str]:
    rows = table_of(text, ID_COLUMNS, called)
    at = position_of(next(rows, (1, []))[1], ID_COLUMNS)
    if at < 0:  # there is no header, and what else than a comma parts cells is not known
        rows, at = rows_of(io.StringIO(text, newline=""), ",", called), 0
    return [row[at] for _, row in rows if len(row) > at and row[at]]
