"""The benchmark's sides do the same work: same images, same weights, same losses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mpt_studio.compare import compare
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.train.trainer import Trainer
from mpt_studio.errors import UsageError
from mpt_studio.predictions import read_predictions

Script = Callable[[str], ModuleType]
STEPS = 50


def setting_for(method: str, folder: Path) -> dict[str, Any]:
    chosen = {"data": "builtin", "arch": "small", "small_stem": "auto", "image_size": 32, "batch": 16, "method": method}
    rest = {"margin": 4.0, "limit_train": 1000, "device": "cpu", "precision": "fp32", "seed": 3, "rounds": 1}
    rest |= {"versions": 1}
    return {**chosen, **rest, "learning_rate": 0.001, "role": "train", "folder": str(folder)}


def test_that_memory_is_told_in_bytes_and_as_nothing_where_the_system_does_not_tell(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = script("bench_work")
    assert 50 << 20 < work.peak_bytes() < 100 << 30
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert work.peak_bytes() == 0


@pytest.mark.parametrize("method", ["pct_kl", "mpt_kl", "mpt_lm"])
def test_that_the_first_fifty_losses_equal_the_scripts_to_rounding(script: Script, method: str, tmp_path: Path) -> None:
    setting, bench = setting_for(method, tmp_path), script("bench_work")
    bench.prepare(setting, tuple("97531"))  # neither the first classes nor in the data's order
    work = bench.prepared(setting)
    trainer = Trainer(work.parts(work.train_indices, work.test_indices))
    materials = gather(trainer.parts, trainer.plan, trainer.preprocessing)
    arguments = work.loop_arguments()
    arguments["network"].load_state_dict(trainer.network.state_dict())
    loop = script("published_loop").Loop(**arguments, method=method, margin=4.0, device="cpu", learning_rate=0.001)
    loop.network.train()
    ours, theirs = [], []
    materials.begin_epoch(0, 0)
    for batch in list(materials.feed.batches(0))[:STEPS]:
        before = trainer.student.sums.read().totals.get("loss", 0.0)
        trainer.student.step(materials, batch, 0, len(ours))
        ours.append((trainer.student.sums.read().totals["loss"] - before) / len(batch.targets))
        theirs.append(loop.step(materials.normalise(batch.images_BSS3).contiguous(), batch.targets.labels_B)[0])
    assert len(ours) == STEPS
    assert ours[:10] == pytest.approx(theirs[:10], rel=1e-4)
    assert ours == pytest.approx(theirs, rel=1e-3)  # rounding grows from step to step


def test_that_several_versions_are_evaluated_one_after_the_other(script: Script, tmp_path: Path) -> None:
    few = {"data": script("jpegs").make_jpegs(tmp_path / "images", 100), "batch": 30}  # 80 of them are evaluated
    setting = setting_for("mpt_kl", tmp_path) | few | {"role": "evaluate", "versions": 3}
    script("bench_work").prepare(setting, ("class 3", "class 1"))
    assert next(script("bench_work").bound(setting))["images"] == 3 * 60
    assert next(script("bench_side").evaluations(setting))["images"] == 3 * 80


@pytest.mark.parametrize("role", ["train", "evaluate"])
def test_that_the_bound_takes_as_many_steps_as_an_epoch_has(script: Script, role: str, tmp_path: Path) -> None:
    setting = setting_for("mpt_kl", tmp_path) | {"role": role, "batch": 100, "limit_train": 300}
    script("bench_work").prepare(setting, tuple("0123456789"))
    record = next(script("bench_work").bound(setting))
    assert record["images"] == (200 if role == "train" else 8600)
    assert record["first_step_at"] > 0


@pytest.mark.slow
def test_that_every_side_decodes_files_and_rates_memory_and_the_slower_limit_are_told(script: Script) -> None:
    rounds = script("bench_rounds")
    case = rounds.Case(title="files", image_size=64, jpegs=100, batch=20, device="cpu", sides=rounds.SIDES_OF_FILES)
    record = rounds.run_case(case, rounds=1)
    rates = {name: side["rates"][0] for name, side in record["sides"].items()}
    assert set(rates) == {"script", "ours", "bound", "decode"}
    assert record["ratios"]["ours/script"] == pytest.approx(rates["ours"] / rates["script"])
    assert record["ratios"]["ours/limit"] == pytest.approx(rates["ours"] / min(rates["bound"], rates["decode"]))
    for side in record["sides"].values():
        assert side["peak_bytes"] > 50 << 20
        assert side["tree_peak_bytes"] > 50 << 20 or sys.platform != "linux"
        assert side["start_seconds"] > 0
    machine = {"machine": {"processor": "a CPU", "cpus": 2}, "device": "cpu", "load_before": 0.5}
    text = script("bench_table").told({**machine, "cases": {"files": record}})
    assert text.startswith("|  | script [images/s] | ours [images/s]")
    assert "files: decoding alone" in text


def test_that_the_synthetic_versions_look_like_real_ones(script: Script, tmp_path: Path) -> None:
    found = compare(*map(read_predictions, script("synthetic").saved_pair(5000, tmp_path)))
    rates = found.rates("old_classes")
    assert 0.8 < rates.accuracy_new < 0.99
    assert 0 < rates.nfr < 0.2
    assert found.matching.added == tuple(f"class {i}" for i in range(6, 10))


def test_that_a_comparison_is_built_and_opened_in_each_round(script: Script) -> None:
    record = script("bench_compare").run_compare_case(samples=500, rounds=2)
    assert len(record["build_seconds"]) == len(record["open_seconds"]) == 2
    assert record["samples_per_second"] == pytest.approx(500 / (sum(record["build_seconds"]) / 2))


def test_that_the_script_measures_comparing_alone(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script("bench"), "COMPARED", 300)
    words = ["--cases", "compare", "--rounds", "1", "--device", "cpu"]
    assert script("bench").main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("comparison of 300 samples, 10 classes: built in")  # no table without a row
    assert script("bench").main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"]["compare"]["samples"] == 300


def test_that_an_unknown_case_is_refused_with_those_that_there_are(script: Script) -> None:
    with pytest.raises(UsageError, match="evaluate-ensemble"):
        script("bench").chosen("nothing", "builtin", "cpu")


@pytest.mark.parametrize("option", ["--rounds", "--epochs"])
def test_that_a_benchmark_of_nothing_is_refused_before_it_runs(option: str) -> None:
    words = [sys.executable, str(Path(__file__).with_name("bench.py")), "--cases", "small", option, "0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert f"{option}: 0 has to be 1 or more" in done.stderr
