"""Samples of a comparison for other programs: CSV, Parquet."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.compare.annotations import CAUSE_NAMES, Cause
from mpt_studio.compare.blocks import Stop, never, parts
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.causes import causes
from mpt_studio.data.dataset import Progress
from mpt_studio.errors import UserError
from mpt_studio.files.tables import shielded
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.predictions import Ints

_NUMBERS = ("old_confidence", "new_confidence", "old_margin", "new_margin", "margin_drop", "confidence_lost")
_CHUNK = 50_000
Table = dict[str, npt.NDArray[Any]]


def write_csv(
    comparison: Comparison,
    path: Path,
    rows: Ints | None = None,
    stop: Stop = never,
    progress: Progress | None = None,
) -> None:
    """One line per sample, in the order of ``rows`` or the comparison's; classes by name, undefined numbers empty.

    Metadata columns follow. Raises ``UserError`` where the file cannot be written (an older file stays as it was),
    ``Cancelled`` once ``stop`` says so.
    """
    chosen = _all_or(comparison, rows)

    def write(temporary: Path) -> None:
        # Names may hold bytes that are no text; they are written as escapes rather than lost with the whole file.
        with temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
            lines = csv.writer(stream, lineterminator="\n")
            lines.writerow(map(shielded, _table(comparison, chosen[:0])))
            for part in _told(len(chosen), stop, progress):
                columns = _table(comparison, chosen[part]).values()
                lines.writerows(zip(*map(_texts, columns), strict=True))

    paths.write_chosen(path, write)


def write_parquet(
    comparison: Comparison,
    path: Path,
    rows: Ints | None = None,
    stop: Stop = never,
    progress: Progress | None = None,
) -> None:
    """The same columns as ``write_csv``, with undefined numbers as null. Raises ``UserError`` without pyarrow."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UserError("Parquet needs the package pyarrow (pip install pyarrow); or export as CSV.") from None
    chosen = _all_or(comparison, rows)

    types = {"O": pa.string(), "b": pa.bool_()}
    empty = _table(comparison, chosen[:0])
    schema = pa.schema([(name, types.get(v.dtype.kind) or pa.from_numpy_dtype(v.dtype)) for name, v in empty.items()])

    def batch(part: Ints) -> Any:
        columns = _table(comparison, part)
        arrays = [pa.array(_plain(columns[field.name]), field.type, from_pandas=True) for field in schema]
        return pa.table(arrays, schema)

    def write(temporary: Path) -> None:
        with parquet.ParquetWriter(temporary, schema) as file:
            for part in _told(len(chosen), stop, progress):
                file.write_table(batch(chosen[part]))

    paths.write_chosen(path, write)


def _told(n: int, stop: Stop, progress: Progress | None) -> Iterator[slice]:
    """Slices of a chunk each; tells before each how many samples are written."""
    for part in parts(n, _CHUNK, stop):
        if progress is not None:
            progress(f"Writing sample {part.start + 1:,} of {n:,}", part.start / n)
        yield part


def _plain(values: npt.NDArray[Any]) -> Any:
    """Texts that UTF-8 cannot hold with escapes, as ``write_csv`` writes them."""
    if values.dtype.kind != "O":
        return values
    return [text.encode("utf-8", "backslashreplace").decode("utf-8") for text in values.tolist()]


def _all_or(comparison: Comparison, rows: Ints | None) -> Ints:
    return np.arange(len(comparison), dtype=np.int64) if rows is None else rows


def _table(c: Comparison, rows: Ints) -> Table:
    """Column → values of some rows; texts as objects, undefined numbers as NaN."""
    names = np.array(c.names, dtype=object)
    kinds = np.array([kind.name.lower() for kind in FlipKind], dtype=object)
    reasons = np.array([CAUSE_NAMES[cause] if cause else "" for cause in Cause], dtype=object)
    marks = np.array([mark.name.lower() if mark else "" for mark in Mark], dtype=object)
    found: Table = {
        "sample_id": c.sample_ids[rows].astype(object),
        "true_class": names[c.truth[rows]],
        "old_answer": names[c.old_answer[rows]],
        "new_answer": names[c.new_answer[rows]],
        "kind": kinds[c.kinds[rows]],
        "true_class_is_new": ~c.is_old_class[rows],
        "new_answer_is_new_class": c.to_new_class[rows],
        **{name: c.at(name, rows) for name in _NUMBERS},
        "cause": reasons[causes(c)[rows]],
        "mark": marks[c.marks[rows]],
    }
    for column in c.metadata.columns.values() if c.metadata else ():
        name = column.name if column.name not in found else f"metadata {column.name}"
        texts = np.array([*column.values, ""], dtype=object)
        found[name] = texts[column.codes[rows]] if column.numbers is None else column.numbers[rows]
    return found


def _texts(values: npt.NDArray[Any]) -> list[Any]:
    if values.dtype.kind == "b":
        return list(values.astype(int).tolist())
    if values.dtype.kind == "f":
        return [_number(value) for value in values.tolist()]
    return [shielded(text) for text in values.tolist()]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"
