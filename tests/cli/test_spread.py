"""What --gpus refuses before anything is put on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.cli.spread import check_gpus
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import launch
from mpt_studio.errors import UsageError
from mpt_studio.recipe import Recipe
from mpt_studio.store import Store

from .conftest import run


def test_that_one_gpu_and_none_named_are_no_spreading(monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: 1)
    assert not check_gpus(None, "cpu")
    assert not check_gpus(1, "auto")


@pytest.mark.parametrize("count", [0, -2])
def test_that_a_number_below_one_is_refused(count):
    with pytest.raises(UsageError, match=f"--gpus is {count}"):
        check_gpus(count, "auto")


def test_that_processes_of_torchrun_are_not_spread_again(monkeypatch):
    monkeypatch.setattr(launch, "here", object)
    with pytest.raises(UsageError, match="leave --gpus out"):
        check_gpus(2, "auto")


@pytest.mark.parametrize("words", [("update",), ("update", "--estimate"), ("train", "--role", "old")], ids=" ".join)
@pytest.mark.parametrize("count", ["1", "2"])
def test_that_several_gpus_and_a_cluster_are_not_taken_at_once(words, count, tmp_path: Path, capsys):
    store = tmp_path / "store"
    code, out, err = run(
        capsys, *words, "--data", "builtin", "--gpus", count, "--cluster", "gpus", "--store", str(store)
    )
    assert (code, out) == (2, "")
    assert err.strip() == "--gpus spreads one training over this machine's GPUs, --cluster many; take one of them."
    assert not store.exists()


def test_that_a_run_is_not_resumed_on_several_gpus_and_a_cluster_at_once(tmp_path: Path, capsys):
    store = Store(tmp_path / "store")
    session = jobs.Session(store)
    made = jobs.start_train(store, Recipe(data="builtin", role="old"), jobs.open_data(session, "builtin"))
    code, _, err = run(capsys, "resume", made.id, "--gpus", "2", "--cluster", "gpus", "--store", str(store.root))
    assert (code, store.run(made.id).outcome) == (2, "queued")
    assert "take one of them" in err
