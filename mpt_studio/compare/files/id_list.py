"""Lists of sample ids as files: a line each, or a column of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from mpt_studio import paths
from mpt_studio.errors import UserError

_HEADERS = ("sample_id", "id", "sample", "file", "file_name", "filename", "path")


def read_ids(path: Path) -> tuple[str, ...]:
    """Read a must-not-flip list: a plain text file with an id a line, or a CSV file with a column of ids.

    In a text file, blank lines and lines that begin with # are passed over. A file that ends in .csv has a header if
    its first line names a column like "sample_id"; otherwise its first column holds the ids. Raises ``UserError``.
    """
    try:
        text = path.read_text("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise UserError(f"The list {path} could not be read ({error.strerror or error}).") from error
    if "\0" in text:
        raise UserError(f"The list {path} is not a text file; it needs an id a line, or a CSV file.")
    found = _from_csv(text) if path.suffix.lower() == ".csv" else _from_lines(text)
    if not found:
        raise UserError(f"The list {path} has no ids; it needs an id a line.")
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
            table.writerows([("sample_id", "note"), *((name, notes.get(name, "")) for name in ids)])
            return
        odd = next((name for name in ids if name != name.strip() or name.startswith("#") or "\n" in name), None)
        if odd is not None:
            raise UserError(f"The id {odd!r} cannot stand on a line of text; write a .csv file.")
        stream.writelines(f"{name}\n" for name in ids)


def _from_lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _from_csv(text: str) -> list[str]:
    table = [row for row in csv.reader(text.splitlines(keepends=True)) if row]
    if not table:
        return []
    header = [name.strip().lower() for name in table[0]]
    at = next((header.index(name) for name in _HEADERS if name in header), None)
    rows = table if at is None else table[1:]
    return [row[at or 0] for row in rows if len(row) > (at or 0) and row[at or 0]]
