"""The benchmark's sides do the same work: same images, same weights, same losses."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mpt_studio.engine import Trainer, bench
from mpt_studio.engine.train.materials import gather
from mpt_studio.jobs.bench_images import make_jpegs
from mpt_studio.jobs.bench_side import evaluations, recipe_of
from mpt_studio.recipe import Recipe

_FILE = Path(__file__).parents[1] / "benchmarks" / "published_loop.py"
_spec = importlib.util.spec_from_file_location("published_loop", _FILE)
assert _spec is not None
assert _spec.loader is not None
published_loop = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(published_loop)

STEPS = 50


def setting_for(method: str, folder: Path) -> dict[str, Any]:
    chosen = {"data": "builtin", "arch": "small", "small_stem": "auto", "image_size": 32, "batch": 16, "method": method}
    rest = {"margin": 4.0, "limit_train": 1000, "device": "cpu", "precision": "fp32", "seed": 3, "rounds": 1}
    rest |= {"versions": 1}
    return {**chosen, **rest, "learning_rate": 0.001, "role": "train", "folder": str(folder)}


def trainer_for(work: bench.Work, recipe: Recipe) -> Trainer:
    return Trainer(
        recipe,
        work.dataset,
        class_names=work.class_names,
        old_class_names=work.old.class_names,
        train=work.train_indices,
        validation=work.test_indices,
        old=work.old,
        reference=work.reference,
    )


def test_that_memory_is_told_in_bytes_and_as_nothing_where_the_system_does_not_tell(monkeypatch) -> None:
    most = bench.peak_bytes()
    assert 50 << 20 < most < 100 << 30
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert bench.peak_bytes() == 0


def test_that_memory_is_asked_of_the_gpu_that_is_used(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", {"cuda": 1, "cuda:1": 2}.__getitem__)
    assert [bench.peak_bytes_on(device) for device in ("cpu", "cuda", "cuda:1")] == [0, 1, 2]


@pytest.mark.parametrize("method", ["pct_kl", "mpt_kl", "mpt_lm"])
def test_that_the_first_fifty_losses_equal_the_scripts_to_rounding(method: str, tmp_path: Path) -> None:
    setting = setting_for(method, tmp_path)
    bench.prepare(setting, tuple("97531"))  # neither the first classes nor in the data's order
    work = bench.prepared(setting)
    trainer = trainer_for(work, recipe_of(setting))
    materials = gather(trainer.parts, trainer.plan, trainer.preprocessing)
    arguments = work.loop_arguments()
    arguments["network"].load_state_dict(trainer.network.state_dict())
    loop = published_loop.Loop(**arguments, method=method, margin=4.0, device="cpu", learning_rate=0.001)
    loop.network.train()
    ours, theirs = [], []
    materials.begin_epoch(0, 0)
    for batch in list(materials.feed.batches(0))[:STEPS]:
        before = trainer.student.sums.read().totals.get("loss", 0.0)
        trainer.student.step(materials, batch, 0, len(ours))
        ours.append((trainer.student.sums.read().totals["loss"] - before) / len(batch.labels_B))
        theirs.append(loop.step(materials.normalise(batch.images_BSS3).contiguous(), batch.labels_B)[0])
    assert len(ours) == STEPS
    assert ours[:10] == pytest.approx(theirs[:10], rel=1e-4)
    assert ours == pytest.approx(theirs, rel=1e-3)  # rounding grows from step to step


def test_that_several_versions_are_evaluated_one_after_the_other(tmp_path: Path) -> None:
    few = {"data": make_jpegs(tmp_path / "images", 100), "batch": 30}  # 80 of them are evaluated
    setting = setting_for("mpt_kl", tmp_path) | few | {"role": "evaluate", "versions": 3}
    bench.prepare(setting, ("class 3", "class 1"))
    assert next(bench.bound(setting))["images"] == 3 * 60
    assert next(evaluations(setting))["images"] == 3 * 80


@pytest.mark.parametrize("role", ["train", "evaluate"])
def test_that_the_bound_takes_as_many_steps_as_an_epoch_has(role: str, tmp_path: Path) -> None:
    setting = setting_for("mpt_kl", tmp_path) | {"role": role, "batch": 100, "limit_train": 300}
    bench.prepare(setting, tuple("0123456789"))
    record = next(bench.bound(setting))
    assert record["images"] == (200 if role == "train" else 8600)
    assert record["first_step_at"] > 0


def test_that_a_case_plays_every_side_and_tells_rates_memory_and_ratios(tmp_path: Path) -> None:
    from mpt_studio import jobs
    from mpt_studio.jobs.bench import Case, run_case
    from mpt_studio.store import Store

    case = Case(title="tiny", limit_train=200, batch=50, device="cpu", method="pct_kl")
    record = run_case(jobs.Session(Store(tmp_path)), case, rounds=1)
    assert set(record["sides"]) == {"script", "ours", "bound"}
    for side in record["sides"].values():
        assert side["images_per_second"] > 0
        assert side["peak_bytes"] > 50 << 20
        assert side["tree_peak_bytes"] > 50 << 20 or sys.platform != "linux"
        assert side["start_seconds"] > 0
    assert record["ratios"]["ours/script"] == pytest.approx(
        record["sides"]["ours"]["rates"][0] / record["sides"]["script"]["rates"][0]
    )


def test_that_files_are_decoded_by_every_side_and_the_slower_limit_is_told(tmp_path: Path) -> None:
    from mpt_studio import jobs
    from mpt_studio.jobs.bench import SIDES_OF_FILES, Case, run_case
    from mpt_studio.store import Store

    case = Case(title="files", image_size=64, jpegs=100, batch=20, device="cpu", sides=SIDES_OF_FILES)
    record = run_case(jobs.Session(Store(tmp_path)), case, rounds=1)
    rates = {name: side["rates"][0] for name, side in record["sides"].items()}
    assert set(rates) == {"script", "ours", "bound", "decode"}
    assert record["ratios"]["ours/limit"] == pytest.approx(rates["ours"] / min(rates["bound"], rates["decode"]))
    assert not Store(tmp_path).runs()  # the benchmark's runs are none of the user's


def test_that_the_script_keeps_the_users_own_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from mpt_studio.engine import WAITING
    from mpt_studio.jobs.bench import _environment

    for name, value in WAITING.items():
        monkeypatch.setenv(name, value)
    assert not WAITING.keys() & _environment("script").keys()
    assert WAITING.items() <= _environment("ours").items()
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert _environment("script")["OMP_WAIT_POLICY"] == "ACTIVE"
