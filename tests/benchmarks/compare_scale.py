"""How a comparison scales: ``python tests/benchmarks/compare_scale.py [--json] [--own] [--samples 10000 100000 …]``.

Each size is measured in processes of its own, on predictions written to disk and opened as the program opens them.
The window's part is in ``window_scale.py``; see docs/benchmarks.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from measuring import PeakMemory, best, ms  # noqa: E402
from synthetic import saved_pair  # noqa: E402
from table import Benchmark, Found, Row  # noqa: E402

from mpt_studio.compare import (  # noqa: E402
    Filter,
    Interval,
    at_offset,
    facets,
    frontier,
    groups,
    offsets,
    open_comparison,
    sort_rows,
)
from mpt_studio.compare.finding.arrange import Key  # noqa: E402
from mpt_studio.flips import FlipKind  # noqa: E402
from mpt_studio.predictions import read_predictions  # noqa: E402

SORTS: tuple[Key, ...] = ("margin_drop", "class", "id")
ROWS = (
    Row("build", "build: match, read all logits, write to disk"),
    Row("open", "open what is kept on disk", 500),
    Row("rates", "figures of all subsets"),
    Row("facets_first", "facets, the first time"),
    Row("filter_and_facets", "filter with facet counts", 100),
    Row("text_first", "search in ids, the first time"),
    Row("text", "search in ids with facet counts", 100),
    Row("sort_first", "sort (margin drop, class or id; the slowest), the first time", 300),
    Row("sort", "sort the same again, half of the samples", 300),
    Row("group", "group by flow pair"),
    Row("slider_first", "offset slider, the first step"),
    Row("slider_step", "offset slider, a step with table and flips", 16),
    Row("slider_rates", "offset slider, a step of the table alone"),
    Row("offset_facets", "facets under another offset, the first time"),
    Row("frontier", "frontier, 500 points"),
    Row("memory_mb", "memory beyond the mapped arrays", 300, "MB"),
)


def measure(samples: int, folder: Path) -> Found:
    """The first process builds; the second one uses what was kept, so that freed memory is not used again."""
    if not (folder / "kept").exists():
        return {"build": ms(lambda: _opened(folder))}
    peak, found = PeakMemory(), {}
    comparison = _timed(found, "open", lambda: _opened(folder))
    found |= _filters(comparison) | _sorts(comparison) | _offsets(comparison)
    found["memory_mb"] = peak.stop()
    return found


def _filters(comparison: Any) -> Found:
    found: Found = {}
    wide, narrow = Filter(to_new_class=False), Filter(kinds=(FlipKind.NEGATIVE,), drops=(Interval(2, 4),))
    _timed(found, "rates", lambda: comparison.rates("all"))
    _timed(found, "facets_first", lambda: facets(comparison, Filter()))
    filters = (wide, narrow, Filter(truths=("class 1", "class 7")))
    found["filter_and_facets"] = max(best(partial(_filtered, comparison, chosen)) for chosen in filters)
    _timed(found, "text_first", lambda: Filter(text="123").apply(comparison))
    found["text"] = best(lambda: _filtered(comparison, Filter(text="77")))
    return found


def _sorts(comparison: Any) -> Found:
    every = np.arange(len(comparison), dtype=np.int64)
    some, first, again = every[::2].copy(), [], []
    for key in SORTS:
        first.append(ms(partial(sort_rows, comparison, every, key)))
        again.append(best(partial(sort_rows, comparison, some, key)))
    return {"sort_first": max(first), "sort": max(again), "group": best(lambda: groups(comparison, every, "flow"))}


def _offsets(comparison: Any) -> Found:
    found: Found = {}
    _timed(found, "slider_first", lambda: offsets(comparison))
    steps = iter(np.linspace(0.1, 3, 100).tolist())
    found["slider_step"] = best(lambda: _slide(comparison, next(steps)), 10)
    found["slider_rates"] = best(lambda: offsets(comparison).rates(next(steps), "old_classes"), 10)
    found["offset_facets"] = best(lambda: facets(at_offset(comparison, next(steps)), Filter()))
    _timed(found, "frontier", lambda: frontier(comparison))
    return found


def _opened(folder: Path) -> Any:
    old, new = (read_predictions(path) for path in (folder / "old", folder / "new"))
    return open_comparison(old, new, folder / "kept")


def _filtered(comparison: Any, chosen: Filter) -> None:
    comparison.memo.kept = {k: v for k, v in comparison.memo.kept.items() if k[0] != "mask"}
    facets(comparison, chosen)
    chosen.apply(comparison)


def _slide(comparison: Any, gamma: float) -> None:
    """What follows the slider: the table's rates, and the grid's negative flips."""
    view = at_offset(comparison, gamma)
    view.rates("all")
    _ = view.negative_flips


def _timed(found: Found, name: str, work: Callable[[], Any]) -> Any:
    results: list[Any] = []
    found[name] = ms(lambda: results.append(work()))
    return results[0]


if __name__ == "__main__":
    sizes = (10_000, 100_000, 1_000_000, 10_000_000)
    about = (__doc__ or "").partition("\n")[0]
    Benchmark(__file__, about, ROWS, sizes, saved_pair, measure, processes=2, offers_own=True).main()
