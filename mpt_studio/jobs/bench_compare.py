"""How fast a comparison is built and opened: synthetic versions that look like real ones, as the program keeps them."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mpt_studio.compare import open_comparison
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import Predictions, read_predictions

CLASSES, KNOWN = 10, 6
SURE = 3.5
"""What the right class's logit is higher: about nine of ten answers are right then."""


def run_compare_case(session: Session, samples: int, rounds: int, seed: int = 42) -> dict[str, Any]:
    """Build and open comparisons of ``samples``; seconds of each round, samples per second of the medians."""
    title = f"comparison of {samples:,} samples, {CLASSES} classes"
    with tempfile.TemporaryDirectory(prefix="mpt-studio-bench-") as folder:
        session.progress(f"{title}: the versions", None)
        save_pair(samples, seed, Path(folder))
        built, opened = [], []
        for number in range(rounds + 1):
            session.progress(f"{title}: round {number} of {rounds}", None)
            kept = Path(folder) / f"kept-{number}"
            built.append(_seconds(lambda: _open(Path(folder), kept)))  # noqa: B023 - called at once
            opened.append(_seconds(lambda: _open(Path(folder), kept)))  # noqa: B023
    return {
        "title": title,
        "samples": samples,
        "build_seconds": built[1:],
        "open_seconds": opened[1:],
        "samples_per_second": samples / statistics.median(built[1:]),
    }


def save_pair(samples: int, seed: int, folder: Path) -> None:
    """An old version of six classes and an update of ten, their ids in no order, below ``folder``."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, samples)
    ids = np.char.add("test/", np.char.zfill(rng.permutation(samples).astype(str), 8))
    names = tuple(f"class {i}" for i in range(CLASSES))
    for name, classes in (("old", KNOWN), ("update", CLASSES)):
        logits = rng.standard_normal((samples, classes), dtype=np.float32)
        known = np.flatnonzero(labels < classes)
        logits[known, labels[known]] += SURE
        Predictions(ids, labels, names, logits, names[:classes], version=name).save(folder / name)


def _open(folder: Path, kept: Path) -> None:
    old, new = read_predictions(folder / "old"), read_predictions(folder / "update")
    comparison = open_comparison(old, new, kept)
    for subset in ("all", "old_classes", "new_classes"):
        comparison.rates(subset)


def _seconds(do: Callable[[], None]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began
