"""How fast a comparison is built and opened: synthetic versions that look like real ones, as the program keeps them."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench_rounds import say, seconds
from synthetic import CLASSES, saved_pair

from mpt_studio.compare import open_comparison
from mpt_studio.predictions import read_predictions


def run_compare_case(samples: int, rounds: int) -> dict[str, Any]:
    """Build and open comparisons of ``samples``; seconds of each round, samples per second of the medians."""
    title = f"comparison of {samples:,} samples, {CLASSES} classes"
    with tempfile.TemporaryDirectory(prefix="mpt-studio-bench-") as folder:
        say(f"{title}: the versions")
        saved_pair(samples, Path(folder))
        built, opened = [], []
        for number in range(rounds + 1):
            say(f"{title}: round {number} of {rounds}")
            kept = Path(folder) / f"kept-{number}"
            built.append(seconds(lambda: _open(Path(folder), kept)))  # noqa: B023 - called at once
            opened.append(seconds(lambda: _open(Path(folder), kept)))  # noqa: B023
    return {
        "title": title,
        "samples": samples,
        "build_seconds": built[1:],
        "open_seconds": opened[1:],
        "samples_per_second": samples / statistics.median(built[1:]),
    }


def _open(folder: Path, kept: Path) -> None:
    comparison = open_comparison(read_predictions(folder / "old"), read_predictions(folder / "new"), kept)
    for subset in ("all", "old_classes", "new_classes"):
        comparison.rates(subset)
