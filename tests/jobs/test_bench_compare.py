"""The benchmark of comparing: real comparisons, built and opened as the program does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.__main__ import main
from mpt_studio.compare import compare
from mpt_studio.jobs.bench_compare import run_compare_case, save_pair
from mpt_studio.predictions import read_predictions
from mpt_studio.store import Store


def test_that_each_round_is_built_and_opened(tmp_path: Path) -> None:
    record = run_compare_case(jobs.Session(Store(tmp_path)), samples=500, rounds=2)
    assert len(record["build_seconds"]) == len(record["open_seconds"]) == 2
    assert record["samples_per_second"] == pytest.approx(500 / (sum(record["build_seconds"]) / 2))


def test_that_the_synthetic_versions_look_like_real_ones(tmp_path: Path) -> None:
    save_pair(5000, 1, tmp_path)
    found = compare(read_predictions(tmp_path / "old"), read_predictions(tmp_path / "update"))
    rates = found.rates("old_classes")
    assert 0.8 < rates.accuracy_new < 0.99
    assert 0 < rates.nfr < 0.2
    assert found.matching.added == tuple(f"class {i}" for i in range(6, 10))


def test_that_the_command_measures_comparing_alone_and_keeps_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mpt_studio.cli.bench.COMPARED", 300)
    words = ["bench", "--cases", "compare", "--rounds", "1", "--device", "cpu", "--store", str(tmp_path)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "comparison of 300 samples, 10 classes: built in" in said
    assert "images/s" not in said  # no table without a row
    kept = next((tmp_path / "benchmarks").glob("*.json"))
    assert json.loads(kept.read_text("utf-8"))["cases"]["compare"]["samples"] == 300


def test_that_an_unknown_case_is_refused_with_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--cases", "nothing", "--device", "cpu", "--store", str(tmp_path)]) == 2
    assert "evaluate-ensemble" in capsys.readouterr().err
