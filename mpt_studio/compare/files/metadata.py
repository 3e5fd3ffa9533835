"""Further columns of the samples, read from a CSV file and joined by sample id or file name. Letters: N samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.annotations import Column, Metadata
from mpt_studio.compare.comparison import Comparison
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files.tables import ID_COLUMNS, position_of, refuse_doubles, table_of, text_of
from mpt_studio.predictions import Ints

FACET_NUMBERS = 24
"""As many different numbers can be listed; more are searched by ranges."""
_EMPTY = ("", "nan", "none", "null", "na", "n/a")


def read_metadata(path: Path, comparison: Comparison) -> Metadata:
    """Read a CSV file with a header and join it.

    The column with the ids is the first one named like an id or a file (``ID_COLUMNS``), else the first one. Ids are
    tried first, then file names (what follows the last slash), where these tell the samples apart.
    Raises ``UserError`` for a file that is no table, and where no row fits a sample.
    """
    header, table = _read(path)
    at = max(0, position_of(header, (*ID_COLUMNS, "name")))
    keys = [row[at] for row in table]
    rows, joined_by = _join(comparison, keys)
    found = np.flatnonzero(rows >= 0)
    if not len(found):
        raise UserError(
            f"No row of {path.name} fits a sample: its column {header[at]!r} has {quoted(keys[:2])}, "
            f"the samples are called {quoted(comparison.sample_ids[:2].tolist())}."
        )
    missing = np.flatnonzero(rows < 0)
    columns = [
        _column(name, [table[i][c] for i in found], rows[found], len(comparison))
        for c, name in enumerate(header)
        if c != at
    ]
    matched = len(np.unique(rows[found]))
    return Metadata(
        columns={c.name: c for c in columns},
        joined_by=joined_by,
        matched=matched,
        unmatched_samples=len(comparison) - matched,
        unmatched_rows=len(missing),
        unmatched_examples=tuple(one_sentence(keys[i], 60) for i in missing[:3]),
    )


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    called = one_sentence(str(path), 120)
    table = [row for _, row in table_of(text_of(path, called), ID_COLUMNS, called)]
    if len(table) < 2:
        raise UserError(f"{called} has no rows; a metadata file has a header and a row for each sample.")
    header = [name.strip() for name in table[0]]
    refuse_doubles(header, called)
    width = len(header)
    return header, [row[:width] + [""] * (width - len(row)) for row in table[1:]]


def _join(comparison: Comparison, keys: Sequence[str]) -> tuple[Ints, str]:
    rows = comparison.rows_of(keys)
    if (rows >= 0).any():
        return rows, "sample id"
    row_of: dict[str, int] = {}
    for row, name in enumerate(comparison.sample_ids.tolist()):
        short = _file_name(name)
        row_of[short] = -1 if short in row_of else row  # a name that two samples share tells neither
    return np.array([row_of.get(_file_name(key), -1) for key in keys], dtype=np.int64), "file name"


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _column(name: str, texts: list[str], rows: Ints, n: int) -> Column:
    numbers = _numbers(texts)
    if numbers is not None:
        spread = np.full(n, np.nan)
        spread[rows] = numbers
        return Column(name, spread, *_few(spread))
    values, codes = np.unique(np.array([text.strip() for text in texts], dtype=np.str_), return_inverse=True)
    spread_codes = np.full(n, -1, dtype=np.int32)
    spread_codes[rows] = codes
    return Column(name, None, spread_codes, tuple(values.tolist()))


def _few(numbers: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """(N,) codes and values of numbers that are rather a kind of label (a year, a camera's number); else nothing."""
    different = np.unique(numbers[~np.isnan(numbers)])
    if len(different) > FACET_NUMBERS:
        return np.empty(0, np.int32), ()
    codes = np.where(np.isnan(numbers), -1, np.searchsorted(different, numbers)).astype(np.int32)
    return codes, tuple(str(int(v)) if v.is_integer() else repr(v) for v in different.tolist())


def _numbers(texts: list[str]) -> npt.NDArray[np.float64] | None:
    """The texts as numbers, empty ones as NaN; None where one is something else, or all are empty."""
    try:
        values = [np.nan if text.strip().lower() in _EMPTY else float(text) for text in texts]
    except ValueError:
        return None
    found = np.array(values, dtype=np.float64)
    return None if np.isnan(found).all() else found
