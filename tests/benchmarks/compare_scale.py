"""How a comparison scales: ``python tests/benchmarks/compare_scale.py [--json] [--samples 10000 100000 …]``.

Each size is measured in a process of its own, on predictions written to disk and opened as the program opens them.
The window's part (first paint, scrolling) is measured where the window's tests are; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from synthetic import saved_pair  # noqa: E402

from mpt_studio.compare import Filter, Interval, facets, frontier, groups, open_comparison, sort_rows  # noqa: E402
from mpt_studio.compare.explore import Key  # noqa: E402
from mpt_studio.flips import FlipKind  # noqa: E402
from mpt_studio.predictions import read_predictions  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SORTS: tuple[Key, ...] = ("margin_drop", "class", "id")
GOALS = {"open": 500, "filter_and_facets": 100, "sort": 300, "slider_step": 16, "memory_mb": 300}
"""Milliseconds and megabytes to reach at 10^6."""


def measure(samples: int, folder: Path) -> dict[str, Any]:
    """Milliseconds of each operation, and megabytes beyond the mapped arrays."""
    old, new = (read_predictions(path) for path in (folder / "old", folder / "new"))
    found: dict[str, Any] = {"samples": samples}
    if not (folder / "kept").exists():  # a process of its own, so that what it frees is not used again below
        _timed(found, "build", lambda: open_comparison(old, new, folder / "kept"))
        return found
    before, peak = _memory_mb(), _Peak()
    comparison = _timed(found, "open", lambda: _opened(folder))
    _timed(found, "rates", lambda: comparison.rates("all"))
    wide, narrow = Filter(to_new_class=False), Filter(kinds=(FlipKind.NEGATIVE,), drops=(Interval(2, 4),))
    _timed(found, "facets_first", lambda: facets(comparison, Filter()))
    filters = (wide, narrow, Filter(truths=("class 1", "class 7")))
    found["filter_and_facets"] = max(_best(partial(_filtered, comparison, chosen)) for chosen in filters)
    _timed(found, "text_first", lambda: Filter(text="123").apply(comparison))
    found["text"] = _best(lambda: _filtered(comparison, Filter(text="77")))
    rows = np.arange(samples, dtype=np.int64)
    found["sort"] = max(_best(partial(sort_rows, comparison, rows, key)) for key in SORTS)
    found["group"] = _best(lambda: groups(comparison, rows, "flow"))
    _timed(found, "slider_first", lambda: comparison.offsets)
    steps = iter(np.linspace(0.1, 3, 100).tolist())
    found["slider_step"] = _best(lambda: _slide(comparison, next(steps)), 10)
    found["slider_rates"] = _best(lambda: comparison.offsets.rates(next(steps), "old_classes"), 10)
    _timed(found, "frontier", lambda: frontier(comparison))
    found["memory_mb"] = round(peak.stop() - before, 1)
    return found


def _opened(folder: Path) -> Any:
    old, new = (read_predictions(path) for path in (folder / "old", folder / "new"))
    return open_comparison(old, new, folder / "kept")


def _filtered(comparison: Any, chosen: Filter) -> None:
    comparison.kept = {k: v for k, v in comparison.kept.items() if k[0] != "mask"}
    facets(comparison, chosen)
    chosen.apply(comparison)


def _slide(comparison: Any, gamma: float) -> None:
    """What follows the slider: the table's rates, and the grid's negative flips with their causes."""
    view = comparison.at_offset(gamma)
    view.rates("all")
    _ = view.negative_flips


def _timed(found: dict[str, Any], name: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    found[name] = round(1000 * (time.perf_counter() - start), 2)
    return result


def _best(work: Callable[[], Any], times: int = 3) -> float:
    record: dict[str, Any] = {}
    taken = []
    for _ in range(times):
        _timed(record, "t", work)
        taken.append(record["t"])
    return float(min(taken))


class _Peak(threading.Thread):
    """Watches the process's private memory."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.mb, self._done = 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._done.wait(0.005):
            self.mb = max(self.mb, _memory_mb())

    def stop(self) -> float:
        self._done.set()
        self.join()
        return self.mb


def _memory_mb() -> float:
    """Private memory of the process now; pages of mapped files do not count."""
    status = Path("/proc/self/status").read_text()
    anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(anonymous.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--samples", type=int, nargs="+", default=SIZES)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        print(json.dumps(measure(given.samples[0], given.folder)))
        return
    rows = [_apart(samples) for samples in given.samples]
    print(json.dumps({"goals_at_1000000": GOALS, "sizes": rows}) if given.json else _table(rows))


def _apart(samples: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        saved_pair(samples, Path(folder))
        words = [sys.executable, __file__, "--in", folder, "--samples", str(samples)]
        built, used = (json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout) for _ in range(2))
    return {**built, **used}


def _table(rows: list[dict[str, Any]]) -> str:
    names = [name for name in rows[0] if name != "samples"]
    head = "| | " + " | ".join(f"{row['samples']:,}" for row in rows) + " | goal at 1,000,000 |"
    lines = [head, "|---|" + "---|" * (len(rows) + 1)]
    for name in names:
        unit = "" if name == "memory_mb" else " [ms]"
        values = " | ".join(f"{row[name]:,.1f}" for row in rows)
        lines.append(f"| {name.replace('_', ' ')}{unit} | {values} | {GOALS.get(name, '')} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
