"""Benign files of every layout that people have: the tensors come out bit-equal, under clean names."""

from __future__ import annotations

import argparse
import pathlib
import pickle
import sys
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from layouts import ZIP_AND_LEGACY, Small, Weights, read_contents, same, saved
from torch import nn

from mpt_studio.errors import UserError


@ZIP_AND_LEGACY
def test_that_a_bare_state_dict_is_read(weights: Weights, tmp_path: Path, zipped: bool) -> None:
    found = saved(tmp_path, weights, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, weights)
    assert (found.wrapper, found.prefixes) == ("", ())
    assert found.container == ("PyTorch zip" if zipped else "PyTorch legacy")


def test_that_the_published_scripts_file_is_read(weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, {"net": weights, "acc": 71.25, "epoch": 99})
    assert same(found.tensors, weights)
    assert found.extras == {"acc": 71.25, "epoch": 99}


@pytest.fixture
def foreign() -> Iterator[types.ModuleType]:
    """A package that the reader does not know and must not import."""
    made = types.ModuleType("some_trainer")

    class AttributeDict(dict):
        pass

    AttributeDict.__module__, AttributeDict.__qualname__ = "some_trainer", "AttributeDict"
    made.AttributeDict = AttributeDict
    sys.modules["some_trainer"] = made
    yield made
    del sys.modules["some_trainer"]


def test_that_a_lightning_checkpoint_is_read(weights: Weights, tmp_path: Path, foreign: types.ModuleType) -> None:
    record = {
        "epoch": 4,
        "global_step": 400,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {f"model.{name}": value for name, value in weights.items()} | {"loss.weight": torch.ones(2)},
        "loops": {"fit_loop": {"state_dict": {}, "epoch": torch.zeros(1)}},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.9)}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}}],
        "lr_schedulers": [],
        "hyper_parameters": foreign.AttributeDict(lr=0.1, class_names=["ant", "bee"]),
    }
    many = {f"model.extra.{i}": torch.zeros(1) for i in range(10)}
    record["state_dict"] |= many
    torch.save(record, tmp_path / "last.ckpt")
    del sys.modules["some_trainer"]
    found = read_contents(tmp_path / "last.ckpt")
    sys.modules["some_trainer"] = foreign
    expected = weights | {name.removeprefix("model."): value for name, value in many.items()}
    assert same(found.tensors, expected)
    assert found.extras["hyper_parameters"] == {"lr": 0.1, "class_names": ["ant", "bee"]}
    assert found.extras["epoch"] == 4


def test_that_a_timm_checkpoint_is_read(weights: Weights, tmp_path: Path) -> None:
    averaged = {name: value + 1 if value.is_floating_point() else value for name, value in weights.items()}
    args = argparse.Namespace(model="resnet18", mean=(0.5, 0.5, 0.5), data_dir=pathlib.PurePosixPath("data/x"))
    record = {
        "epoch": 3, "arch": "resnet18", "state_dict": weights, "state_dict_ema": averaged, "args": args,
        "metric": np.float64(0.75), "version": 2, "amp_scaler": {"scale": 1.0},
    }  # fmt: skip
    found = saved(tmp_path, record)
    assert same(found.tensors, weights)
    assert found.extras["args"] == {"model": "resnet18", "mean": [0.5, 0.5, 0.5], "data_dir": "data/x"}
    assert (found.extras["metric"], found.extras["arch"]) == (0.75, "resnet18")
    assert any("'state_dict_ema'" in note for note in found.notes)


def test_that_parameters_are_taken_as_tensors(network: Small, weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, dict(network.named_parameters()) | dict(network.named_buffers()))
    assert same(found.tensors, weights | {"passing": torch.ones(3)})
    assert not any(value.requires_grad for value in found.tensors.values())


@ZIP_AND_LEGACY
@pytest.mark.filterwarnings("ignore")
def test_that_a_whole_module_gives_its_weights_and_runs_nothing(
    network: Small, weights: Weights, tmp_path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(network, tmp_path / "file.pth", _use_new_zipfile_serialization=zipped)
    monkeypatch.setattr(Small, "__setstate__", lambda *a: pytest.fail("a class of the file was used"), raising=False)
    found = read_contents(tmp_path / "file.pth")
    assert same(found.tensors, weights)
    assert found.container == "pickled module"


@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda net: {"model": net, "epoch": 3}], ids=["parallel", "dict"])
def test_that_a_wrapped_module_gives_its_weights(
    network: Small, weights: Weights, tmp_path: Path, wrap: Callable[[nn.Module], Any]
) -> None:
    assert same(saved(tmp_path, wrap(network)).tensors, weights)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", ["script", "trace"])
def test_that_torchscript_gives_its_weights(network: Small, weights: Weights, tmp_path: Path, way: str) -> None:
    made = torch.jit.script(network) if way == "script" else torch.jit.trace(network, torch.zeros(1, 3, 8, 8))
    torch.jit.save(made, tmp_path / "file.pt")
    found = read_contents(tmp_path / "file.pt")
    assert found.container == "TorchScript"
    assert all(same({name: found.tensors[name]}, {name: weights[name]}) for name in weights)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@ZIP_AND_LEGACY
def test_that_every_pickle_protocol_is_read(weights: Weights, tmp_path: Path, protocol: int, zipped: bool) -> None:
    found = saved(tmp_path, weights, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, weights)


def test_that_an_archive_of_another_tool_is_read(weights: Weights, tmp_path: Path) -> None:
    """Unpacked and stored again by a zip program: no padding, no descriptors, another top folder."""
    torch.save(weights, tmp_path / "first.pth")
    with zipfile.ZipFile(tmp_path / "first.pth") as old, zipfile.ZipFile(tmp_path / "again.pth", "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename.replace("first/", "x/"), old.read(entry))
    assert same(read_contents(tmp_path / "again.pth").tensors, weights)


def test_that_the_files_name_says_nothing(weights: Weights, tmp_path: Path) -> None:
    torch.save(weights, tmp_path / "picture.png")
    assert same(read_contents(tmp_path / "picture.png").tensors, weights)


def test_that_a_plain_pickle_of_arrays_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file.pkl").write_bytes(pickle.dumps({"w": np.zeros(3)}))
    with pytest.raises(UserError, match=r"plain Python pickle.*torch\.save"):
        read_contents(tmp_path / "file.pkl")
