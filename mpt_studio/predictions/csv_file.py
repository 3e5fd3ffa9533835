"""CSV, read in blocks: with pyarrow where that is installed, else (and wherever that stumbles) row by row.

Reading row by row is the rule book: it names the line and the column of what is wrong.
"""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpt_studio.data.dataset import Progress
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.plain import handle_of
from mpt_studio.files.tables import ID_COLUMNS, decoded, encoding_of, normal, rows_of, separator_of
from mpt_studio.predictions.answers import Floats
from mpt_studio.predictions.columns import ANSWERS, LABELS, Roles, find_roles, is_number, numeric_of, to_number
from mpt_studio.predictions.table import Codes, Ids, Spool, Table, file_name

SAMPLE_ROWS = 500
"""So many rows tell what the columns are."""
BLOCK_ROWS = 20_000
LONGEST_HEADER = 4 << 20
_KNOWN = frozenset({*ID_COLUMNS, *LABELS, *ANSWERS})


@dataclass(frozen=True)
class Layout:
    """How a file is written, and its first rows."""

    path: Path
    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    """Where each row of the sample begins."""

    @property
    def name(self) -> str:
        return file_name(self.path)


class _Odd(Exception):  # noqa: N818 - not an error yet
    """pyarrow would read it otherwise than row by row."""


def read_layout(path: Path) -> Layout:
    """The header and the first rows. Raises ``UserError``."""
    try:
        with os.fdopen(handle_of(path), "rb") as stream:
            start = stream.read(LONGEST_HEADER)
    except OSError as error:
        raise UserError(f"{file_name(path)} could not be read ({error.strerror or error}).") from None
    name, is_cut = file_name(path), len(start) == LONGEST_HEADER
    text = decoded(start, name, cut=is_cut)
    delimiter = separator_of(text, _KNOWN)
    found: list[tuple[int, list[str]]] = []
    try:
        found.extend(itertools.islice(rows_of(io.StringIO(text, newline=""), delimiter, name), SAMPLE_ROWS + 1))
    except UserError:
        if not is_cut:
            raise
    if is_cut and len(found) <= SAMPLE_ROWS:
        found = found[:-1]  # the last one may be cut
    if not found:
        raise UserError(f"{file_name(path)} has no header; its first line names the columns.")
    (_, header), *sample = found
    numbers = [cell for _, row in sample for cell in row if is_number(cell, ",")]
    decimal = "," if any("," in cell for cell in numbers) and not any("." in cell for cell in numbers) else "."
    rows_found, lines = tuple(tuple(row) for _, row in sample), tuple(line for line, _ in sample)
    return Layout(
        path, encoding_of(start), delimiter, decimal, tuple(name.strip() for name in header), rows_found, lines
    )


def roles_of(layout: Layout, classes: tuple[str, ...] = ()) -> Roles:
    """What each column is for. Raises ``UserError``."""
    columns = list(itertools.zip_longest(*layout.sample, fillvalue="")) if layout.sample else []
    columns += [()] * (len(layout.header) - len(columns))
    named = [i for i, name in enumerate(layout.header) if normal(name) in (*LABELS, *ANSWERS)]
    known = frozenset(classes) | {cell.strip() for i in named for cell in columns[i] if cell.strip()}
    numeric = [numeric_of(columns[i], layout.decimal) for i in range(len(layout.header))]
    return find_roles(layout.header, numeric, known, layout.name)


def read_csv(path: Path, classes: tuple[str, ...], progress: Progress) -> Table:
    """Read a table. Raises ``UserError`` with line and column where a cell is wrong."""
    layout = read_layout(path)
    if not layout.sample:
        raise UserError(f"{layout.name} has no rows; it needs a header and a row for each sample.")
    for line, row in zip(layout.lines, layout.sample, strict=True):
        _refuse_ragged(layout, line, row)
    roles = roles_of(layout, classes)
    if not roles.scores and roles.answers < 0:
        raise UserError(
            f"{layout.name} has neither scores (columns named after classes, or logit_…, prob_…) nor a column of "
            "answers (prediction, predicted, y_pred)."
        )
    try:
        return _by_arrow(layout, roles, progress)
    except (_Odd, ImportError):
        return _by_row(layout, roles, progress)


class _Collected:
    """The columns while they are read."""

    def __init__(self, layout: Layout, roles: Roles) -> None:
        self.layout, self.roles = layout, roles
        self.ids = Ids(layout.name)
        self.labels, self.answers = Codes(), Codes()
        self.scores = Spool(len(roles.scores))

    def table(self) -> Table:
        roles = self.roles
        return Table(
            self.layout.path,
            self.ids.array(),
            self.labels.coded() if roles.labels >= 0 else None,
            self.answers.coded() if roles.answers >= 0 else None,
            self.scores.array() if roles.scores else None,
            roles.score_names,
            roles.declared,
            roles.ignored,
            notes=roles.notes,
        )


def _by_row(layout: Layout, roles: Roles, progress: Progress) -> Table:
    found = _Collected(layout, roles)
    size = layout.path.stat().st_size or 1
    with os.fdopen(handle_of(layout.path), "rb") as raw:
        text = io.TextIOWrapper(raw, layout.encoding, newline="")
        rows = rows_of(text, layout.delimiter, layout.name)
        next(rows, None)
        while block := list(itertools.islice(rows, BLOCK_ROWS)):
            _take(found, block)
            progress(f"Reading {layout.name}", min(1.0, raw.tell() / size))
    return found.table()


def _take(found: _Collected, block: list[tuple[int, list[str]]]) -> None:
    layout, roles = found.layout, found.roles
    for line, row in block:
        _refuse_ragged(layout, line, row)
        if not row[roles.ids].strip():
            raise UserError(f"{layout.name}, line {line}, column {_column(layout, roles.ids)}, has no sample id.")
        if roles.answers >= 0 and not roles.scores and not row[roles.answers].strip():
            raise UserError(f"{layout.name}, line {line}, column {_column(layout, roles.answers)}, has no answer.")
    found.ids.add([row[roles.ids].strip() for _, row in block])
    if roles.labels >= 0:
        found.labels.add(row[roles.labels] for _, row in block)
    if roles.answers >= 0:
        found.answers.add(row[roles.answers] for _, row in block)
    if roles.scores:
        found.scores.add(_numbers(layout, roles, block))


def _refuse_ragged(layout: Layout, line: int, row: Sequence[str]) -> None:
    if len(row) != len(layout.header):
        raise UserError(f"{layout.name}, line {line}, has {len(row)} cells; the header has {len(layout.header)}.")


def _numbers(layout: Layout, roles: Roles, block: list[tuple[int, list[str]]]) -> Floats:
    scores = np.empty((len(block), len(roles.scores)), dtype=np.float64)
    for at, (line, row) in enumerate(block):
        for column, place in enumerate(roles.scores):
            try:
                scores[at, column] = to_number(row[place], layout.decimal)
            except ValueError:
                cell = one_sentence(row[place], 30)
                raise UserError(
                    f"{layout.name}, line {line}, column {_column(layout, place)}: {cell!r} is no number."
                ) from None
    odd = np.argwhere(np.isnan(scores) | np.isposinf(scores))
    if len(odd):
        line, place = block[odd[0][0]][0], roles.scores[odd[0][1]]
        raise UserError(f"{layout.name}, line {line}, column {_column(layout, place)}: a score has to be finite.")
    with np.errstate(over="ignore"):
        return scores.astype(np.float32)


def _column(layout: Layout, place: int) -> str:
    return repr(one_sentence(layout.header[place], 40))


def _by_arrow(layout: Layout, roles: Roles, progress: Progress) -> Table:
    """The same through pyarrow. Raises ``_Odd`` for anything that it may take otherwise."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    if layout.encoding == "utf-16":
        raise _Odd
    found = _Collected(layout, roles)
    names = [f"c{i}" for i in range(len(layout.header))]
    texts = [i for i in (roles.ids, roles.labels, roles.answers) if i >= 0]
    types = {names[i]: pa.string() for i in texts} | {names[i]: pa.float64() for i in roles.scores}
    size, done = layout.path.stat().st_size or 1, 0
    try:
        reader = arrow.open_csv(
            layout.path,
            arrow.ReadOptions(block_size=8 << 20, column_names=names, skip_rows_after_names=1),
            arrow.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
            arrow.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[], decimal_point=layout.decimal
            ),
        )
        for batch in reader:
            _take_batch(found, batch, names)
            done += batch.nbytes
            progress(f"Reading {layout.name}", min(0.99, done / size))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _Odd from error
    first = [row[roles.ids].strip() for row in layout.sample]
    read = found.ids.start()
    if not read or read[: len(first)] != first[: len(read)]:
        raise _Odd  # such as blank lines before the header, which pyarrow does not pass over
    return found.table()


def _take_batch(found: _Collected, batch: object, names: list[str]) -> None:
    roles = found.roles

    def column(i: int) -> list[str]:
        return batch.column(names[i]).to_pylist()  # type: ignore[attr-defined, no-any-return]

    ids = [text.strip() for text in column(roles.ids)]
    if not all(ids):
        raise _Odd
    found.ids.add(ids)
    if roles.labels >= 0:
        found.labels.add(column(roles.labels))
    if roles.answers >= 0:
        answers = column(roles.answers)
        if not roles.scores and not all(map(str.strip, answers)):
            raise _Odd
        found.answers.add(answers)
    if roles.scores:
        scores = np.column_stack([batch.column(names[i]).to_numpy(zero_copy_only=False) for i in roles.scores])  # type: ignore[attr-defined]
        if np.isnan(scores).any() or np.isposinf(scores).any():
            raise _Odd
        with np.errstate(over="ignore"):
            found.scores.add(scores.astype(np.float32))
