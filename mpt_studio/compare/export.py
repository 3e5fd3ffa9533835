"""A comparison as a table for other programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mpt_studio import paths
from mpt_studio.compare.causes import CAUSE_NAMES, Cause
from mpt_studio.compare.comparison import Comparison
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind

COLUMNS = (
    "sample_id", "true_class", "old_answer", "new_answer", "kind", "true_class_is_new", "new_answer_is_new_class",
    "old_confidence", "new_confidence", "old_margin", "new_margin", "margin_drop", "confidence_lost", "cause",
)  # fmt: skip
_CHUNK = 50_000


def write_csv(comparison: Comparison, path: Path) -> None:
    """One row per matched sample, in the comparison's order; classes by name, undefined numbers empty.

    Raises ``UserError`` where the file cannot be written; an older file stays as it was.
    """

    def write(temporary: Path) -> None:
        # Names may hold bytes that are no text; they are written as escapes rather than lost with the whole file.
        with temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(COLUMNS)
            for start in range(0, len(comparison), _CHUNK):
                table.writerows(_rows(comparison, slice(start, start + _CHUNK)))

    try:
        paths.replace_file(path, write)
    except OSError as error:
        raise UserError(f"{path} could not be written ({error.strerror or error}); choose another file.") from error


def _rows(c: Comparison, part: slice) -> Iterator[tuple[Any, ...]]:
    names = np.array(c.names, dtype=object)
    kinds = np.array([kind.name.lower() for kind in FlipKind], dtype=object)
    causes = np.array([CAUSE_NAMES[cause] if cause else "" for cause in Cause], dtype=object)
    numbers = (c.old_confidence, c.new_confidence, c.old_margin, c.new_margin, c.margin_drop, c.confidence_lost)
    return zip(
        c.sample_ids[part].tolist(),
        *(names[classes[part]].tolist() for classes in (c.truth, c.old_answer, c.new_answer)),
        kinds[c.kinds[part]].tolist(),
        *(flags[part].astype(int).tolist() for flags in (~c.is_old_class, c.to_new_class)),
        *([_number(value) for value in column[part].tolist()] for column in numbers),
        causes[c.causes[part]].tolist(),
        strict=True,
    )


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"
