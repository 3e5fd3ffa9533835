"""Parquet through pyarrow: the same columns as CSV, or the scores as one column of lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mpt_studio.data.dataset import Progress
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.tables import ID_COLUMNS, normal, refuse_columns
from mpt_studio.predictions.answers import Floats
from mpt_studio.predictions.columns import ANSWERS, LABELS, Declared, Numeric, Roles, find_roles
from mpt_studio.predictions.parquet_pages import pages_of
from mpt_studio.predictions.table import LONGEST_ID, MOST_ROWS, Codes, Ids, Spool, Table, file_name

BATCH_ROWS = 16_384
SPARE_VALUES = 1 << 26
"""Values beyond one for each byte of a file that are believed: run-length encoding can announce anything."""
SPARE_BYTES = 256 << 20
_LISTS: dict[str, Declared] = {
    "logits": "logits", "logit": "logits", "probabilities": "probabilities", "probs": "probabilities",
    "prob": "probabilities", "scores": "",
}  # fmt: skip


def read_parquet(path: Path, classes: tuple[str, ...], progress: Progress) -> Table:
    """Read a table. Raises ``UserError``, also where pyarrow is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UserError("Parquet needs the package pyarrow (pip install pyarrow); or write the table as CSV.") from None
    name = file_name(path)
    try:
        with parquet.ParquetFile(path, read_dictionary=_texts(parquet, path)) as file:
            return _Reader(path, file, classes).read(progress)
    except FileNotFoundError:
        raise UserError(f"There is no file {name}.") from None
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise UserError(f"{name} is not a readable Parquet file ({one_sentence(str(error), 80)}).") from None


def _texts(parquet: Any, path: Path) -> list[str]:
    """Columns whose values may have any length: kept as dictionaries, a text that is there often is there once."""
    with parquet.ParquetFile(path) as file:
        columns = map(file.schema.column, range(len(file.schema.names)))
        return [c.path for c in columns if c.physical_type == "BYTE_ARRAY" and c.logical_type.type != "DECIMAL"]


class _Reader:
    """One open file and what its columns are for."""

    def __init__(self, path: Path, file: Any, classes: tuple[str, ...]) -> None:
        self.path, self.file, self.name = path, file, file_name(path)
        self.schema = file.schema_arrow
        self.header: list[str] = list(self.schema.names)
        refuse_columns(len(self.header), self.name)
        self._refuse_bombs()
        self.lists = next((i for i, name in enumerate(self.header) if self._is_list(i) and normal(name) in _LISTS), -1)
        self.roles = self._roles(classes)
        self.ids = Ids(self.name)
        self.labels, self.answers = Codes(), Codes()
        self.spool: Spool | None = Spool(len(self.roles.scores)) if self.roles.scores else None

    def _refuse_bombs(self) -> None:
        """Raise ``UserError`` for a file whose pages say that they unpack to far more than its size."""
        about, size = self.file.metadata, self.path.stat().st_size
        pages = pages_of(self.path)
        much = pages.values > size + SPARE_VALUES or pages.unpacked > 4 * size + SPARE_BYTES
        if about.num_rows > MOST_ROWS or much:
            raise UserError(
                f"{self.name} would unpack to {pages.values:,} values and {pages.unpacked >> 20:,} MB, far more than "
                "its size; save it without compression."
            )
        columns = map(self.file.schema.column, range(len(self.file.schema.names)))
        if any(column.length > 4 * LONGEST_ID for column in columns):  # of texts that all have one length
            raise UserError(_too_long(self.name))

    def read(self, progress: Progress) -> Table:
        roles = self.roles
        if not roles.scores and self.lists < 0 and roles.answers < 0:
            raise UserError(
                f"{self.name} has neither scores (columns named after classes, logit_…, prob_…, or a list column "
                "logits) nor a column of answers."
            )
        used = sorted({i for i in (roles.ids, roles.labels, roles.answers, self.lists, *roles.scores) if i >= 0})
        done, rows = 0, self.file.metadata.num_rows or 1
        for batch in self.file.iter_batches(BATCH_ROWS, columns=[self.header[i] for i in used]):
            self._take(batch, done)
            done += batch.num_rows
            progress(f"Reading {self.name}", min(1.0, done / rows))
        return self._table()

    def _table(self) -> Table:
        roles = self.roles
        return Table(
            self.path,
            self.ids.array(),
            self.labels.coded() if roles.labels >= 0 else None,
            self.answers.coded() if roles.answers >= 0 else None,
            self.spool.array() if self.spool else None,
            roles.score_names,
            roles.declared if self.lists < 0 else _LISTS[normal(self.header[self.lists])],
            tuple(name for name in roles.ignored if self.lists < 0 or name != self.header[self.lists]),
            notes=roles.notes,
        )

    def _roles(self, classes: tuple[str, ...]) -> Roles:
        columns = [i for i, name in enumerate(self.header) if normal(name) in (*LABELS, *ANSWERS) and i != self.lists]
        known = set(classes)
        for batch in self.file.iter_batches(500, columns=[self.header[i] for i in columns]):
            for column in batch.columns:
                known |= {_text(value) for value in _cells_of(column, self.name) if value is not None}
            break
        found = find_roles(
            self.header, [self._numeric(i) for i in range(len(self.header))], frozenset(known), self.name
        )
        if self.lists < 0:
            return found
        return Roles(found.ids, found.labels, found.answers, ignored=found.ignored, notes=found.notes)

    def _numeric(self, i: int) -> Numeric:
        import pyarrow as pa

        kind = self.schema.field(i).type
        number = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        return "all" if number and normal(self.header[i]) not in ID_COLUMNS else "no"

    def _is_list(self, i: int) -> bool:
        import pyarrow as pa

        kind = self.schema.field(i).type
        return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind))

    def _take(self, batch: Any, before: int) -> None:
        roles = self.roles
        ids = [_text(value) for value in self._cells(batch, roles.ids)]
        if not all(ids):
            raise UserError(f"{self.name}, row {before + ids.index('') + 1}, has no sample id.")
        self.ids.add(ids)
        if roles.labels >= 0:
            self.labels.add(map(_text, self._cells(batch, roles.labels)))
        if roles.answers >= 0:
            answers = [_text(value) for value in self._cells(batch, roles.answers)]
            if "" in answers and not roles.scores and self.lists < 0:
                raise UserError(f"{self.name}, row {before + answers.index('') + 1}, has no answer.")
            self.answers.add(answers)
        if self.lists >= 0 or roles.scores:
            self._take_scores(batch, before)

    def _take_scores(self, batch: Any, before: int) -> None:
        scores = self._lists_of(batch) if self.lists >= 0 else self._columns_of(batch)
        odd = np.flatnonzero((np.isnan(scores) | np.isposinf(scores)).any(axis=1))
        if len(odd):
            raise UserError(f"{self.name}, row {before + int(odd[0]) + 1}: a score is missing or not finite.")
        self.spool = self.spool or Spool(scores.shape[1])
        if scores.shape[1] != self.spool.columns:
            raise UserError(
                f"{self.name}, from row {before + 1} on, has lists of another length; all need one score a class."
            )
        with np.errstate(over="ignore"):
            self.spool.add(scores.astype(np.float32))

    def _columns_of(self, batch: Any) -> Floats:
        columns = [
            batch.column(self.header[i]).cast("float64").to_numpy(zero_copy_only=False) for i in self.roles.scores
        ]
        found: Floats = np.column_stack(columns)
        return found

    def _lists_of(self, batch: Any) -> Floats:
        from pyarrow import compute

        column = batch.column(self.header[self.lists])
        refuse_columns(compute.max(compute.list_value_length(column)).as_py() or 0, self.name)
        values = column.flatten().cast("float64").to_numpy(zero_copy_only=False)
        if column.null_count or len(values) % batch.num_rows or len({len(row) for row in column.to_pylist()}) > 1:
            raise UserError(f"{self.name} has lists of scores of different lengths; all need one score a class.")
        found: Floats = values.reshape(batch.num_rows, -1)
        return found

    def _cells(self, batch: Any, i: int) -> list[Any]:
        return _cells_of(batch.column(self.header[i]), self.name)


def _cells_of(column: Any, name: str) -> list[Any]:
    """A column's values. Text waits as a dictionary, so that a long one that is there often is there once."""
    import pyarrow as pa
    from pyarrow import compute

    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    kind = values.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
    if is_text and (compute.max(compute.binary_length(values)).as_py() or 0) > 4 * LONGEST_ID:
        raise UserError(_too_long(name))
    found: list[Any] = column.to_pylist()
    return found


def _too_long(name: str) -> str:
    return f"{name} has texts of more than {LONGEST_ID:,} characters; ids and names are shorter."


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value).strip()
