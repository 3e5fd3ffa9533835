"""Tables written as users write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.predictions import Predictions


def write(path: Path, rows: Iterable[Sequence[object]], delimiter: str = ",", *, bom: bool = False) -> Path:
    """A CSV file; the first row is the header."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path.write_bytes(("\ufeff" if bom else "").encode() + stream.getvalue().encode())
    return path


def by_id(version: Predictions) -> dict[str, tuple[str | None, str, dict[str, float]]]:
    """Id → truth, answer (of equal ones the first by name), scores by class name, in whatever order they are."""
    return {
        str(name): (
            None if label < 0 else version.label_names[label],
            min(np.array(version.class_names)[logits == logits.max()].tolist())
            if len(logits)
            else version.class_names[answer],
            dict(zip(version.class_names, map(float, logits), strict=True)) if version.has_scores else {},
        )
        for name, label, answer, logits in zip(
            version.sample_ids, version.labels, version.predicted, np.asarray(version.logits), strict=True
        )
    }


@pytest.fixture(params=["pyarrow", "row by row"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Both ways to read CSV; each test has a cache of its own, so that neither sees what the other kept."""
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow")
    else:
        from mpt_studio.predictions import csv_file

        def odd(*_: object) -> None:
            raise ImportError

        monkeypatch.setattr(csv_file, "_by_arrow", odd)
    return str(request.param)
