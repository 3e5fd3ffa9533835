"""pytest-benchmark's view of a comparison: ``pytest tests/benchmarks --benchmark-only [--benchmark-json FILE]``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.compare import (
    Comparison,
    Filter,
    at_offset,
    compare,
    facets,
    frontier,
    groups,
    open_comparison,
    sort_rows,
)
from mpt_studio.compare.files.kept import load, save
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import read_predictions

_spec = importlib.util.spec_from_file_location("synthetic", Path(__file__).with_name("synthetic.py"))
assert _spec is not None
assert _spec.loader is not None
synthetic = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(synthetic)

SAMPLES = 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scale")
    old, new = (read_predictions(path) for path in synthetic.saved_pair(SAMPLES, made))
    save(compare(old, new), made / "kept")
    return made


@pytest.fixture(scope="module")
def comparison(folder: Path) -> Comparison:
    return load(folder / "kept", read_predictions(folder / "old"), read_predictions(folder / "new"))


def _search(comparison: Comparison, chosen: Filter) -> None:
    comparison.memo.kept.clear()
    facets(comparison, chosen)


OPERATIONS: dict[str, Callable[[Comparison], Any]] = {
    "facets": lambda c: _search(c, Filter(kinds=(FlipKind.NEGATIVE,), min_drop=1.0)),
    "facets of most": lambda c: _search(c, Filter(to_new_class=False)),
    "text": lambda c: _search(c, Filter(text="77")),
    "sort by margin drop": lambda c: sort_rows(c, np.arange(len(c)), "margin_drop"),
    "sort by id": lambda c: sort_rows(c, np.arange(len(c)), "id"),
    "group by flow": lambda c: groups(c, np.arange(len(c)), "flow"),
    "slider step": lambda c: at_offset(c, 1.0).rates("all"),
    "frontier": frontier,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_how_long_an_operation_takes(benchmark: Any, comparison: Comparison, name: str) -> None:
    OPERATIONS[name](comparison)  # what is made once
    benchmark(OPERATIONS[name], comparison)


def test_how_long_building_takes(benchmark: Any, folder: Path) -> None:
    old, new = read_predictions(folder / "old"), read_predictions(folder / "new")
    benchmark(compare, old, new)


def test_how_long_opening_takes(benchmark: Any, folder: Path, tmp_path: Path) -> None:
    def opened() -> Comparison:
        old, new = read_predictions(folder / "old"), read_predictions(folder / "new")
        return open_comparison(old, new, tmp_path)

    opened()
    benchmark(opened)
