"""What was left out and what else is known of the samples, as CSV files for people and other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from mpt_studio import paths
from mpt_studio.data.dataset import Dataset
from mpt_studio.files.tables import shielded


def write_skipped(dataset: Dataset, path: Path) -> None:
    """One line per sample that was left out: its id and the reason. Raises ``OSError``."""
    _write(path, [("sample_id", "reason"), *((s.sample_id, s.reason) for s in dataset.skipped)])


def write_metadata(dataset: Dataset, path: Path) -> None:
    """One line per sample: its id and the further columns of the manifest. Raises ``OSError``."""
    columns = (dataset.sample_ids.tolist(), *dataset.metadata.values())
    _write(path, [("sample_id", *dataset.metadata), *zip(*columns, strict=True)])


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(shielded, row) for row in rows)
    paths.write_bytes(path, text.getvalue().encode("utf-8", "backslashreplace"), durable=False)
