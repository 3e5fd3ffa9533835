"""Benign files of every layout that people have: the tensors come out bit-equal, under clean names."""

from __future__ import annotations

import argparse
import collections
import io
import json
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
from safetensors.torch import save_file
from torch import Tensor, nn

from mpt_studio.engine.intake.contents import Contents, contents_from, outline_of
from mpt_studio.errors import UserError

Weights = dict[str, Tensor]


class Small(nn.Module):
    """A few layers, with a persistent and a passing buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.fc = nn.Linear(4, 2)
        self.register_buffer("scale", torch.tensor(0.5))
        self.register_buffer("passing", torch.ones(3), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.fc(self.stem(images).mean(dim=(2, 3))) * self.scale
        return found


@pytest.fixture(scope="module")
def network() -> Small:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Small().eval()


@pytest.fixture(scope="module")
def weights(network: Small) -> Weights:
    return dict(network.state_dict())


def same(found: Weights, expected: Weights) -> bool:
    """Names, types, shapes and every bit; NaN equals NaN."""
    return found.keys() == expected.keys() and all(
        found[name].dtype == value.dtype and found[name].shape == value.shape and bits(found[name]) == bits(value)
        for name, value in expected.items()
    )


def bits(tensor: Tensor) -> bytes:
    flat = tensor.detach().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def read_contents(path: Path) -> Contents:
    return contents_from(outline_of(path))


def saved(folder: Path, value: Any, **how: Any) -> Contents:
    torch.save(value, folder / "file.pth", **how)
    return read_contents(folder / "file.pth")


ZIP_AND_LEGACY = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


@ZIP_AND_LEGACY
def test_that_a_bare_state_dict_is_read(weights: Weights, tmp_path: Path, zipped: bool) -> None:
    found = saved(tmp_path, weights, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, weights)
    assert (found.wrapper, found.prefixes) == ("", ())
    assert found.container == ("PyTorch zip" if zipped else "PyTorch legacy")


@pytest.mark.parametrize(
    "wrapper", ["state_dict", "model", "net", "model_state_dict", "model_ema", "ema", "network", "module", "weights"]
)
def test_that_a_wrapped_state_dict_is_found(weights: Weights, tmp_path: Path, wrapper: str) -> None:
    found = saved(tmp_path, {"epoch": 7, wrapper: weights, "best_acc": 0.5})
    assert same(found.tensors, weights)
    assert found.wrapper == wrapper
    assert found.extras == {"epoch": 7, "best_acc": 0.5}


@pytest.mark.parametrize(
    "prefix",
    ["module.", "model.", "_orig_mod.", "backbone.", "net.", "module.model.", "_orig_mod.module.", "ema_model.module."],
)
def test_that_prefixes_are_taken_off(weights: Weights, tmp_path: Path, prefix: str) -> None:
    found = saved(tmp_path, {prefix + name: value for name, value in weights.items()})
    assert same(found.tensors, weights)
    assert "".join(found.prefixes) == prefix


def test_that_a_prefix_that_some_names_lack_stays(weights: Weights, tmp_path: Path) -> None:
    mixed = {("model." if name.startswith("fc") else "") + name: value for name, value in weights.items()}
    assert same(saved(tmp_path, mixed).tensors, mixed)


def test_that_a_prefix_of_nearly_all_of_a_networks_own_names_stays(tmp_path: Path) -> None:
    """As in torchvision's vision transformer: five tensors of 152 do not lie in its encoder."""
    named = {f"encoder.{i}": torch.ones(1) for i in range(147)} | {
        "class_token": torch.ones(1),
        "heads.w": torch.ones(2),
    }
    assert same(saved(tmp_path, named).tensors, named)


def test_that_the_counter_of_averaged_weights_is_left_out(weights: Weights, tmp_path: Path) -> None:
    more = weights | {f"more.{i}": torch.ones(1) for i in range(4)}
    record = {"n_averaged": torch.tensor(3)} | {f"module.{name}": value for name, value in more.items()}
    assert same(saved(tmp_path, record).tensors, more)


def test_that_the_published_scripts_file_is_read(weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, {"net": weights, "acc": 71.25, "epoch": 99})
    assert same(found.tensors, weights)
    assert found.extras == {"acc": 71.25, "epoch": 99}


def test_that_an_optimizer_beside_the_weights_is_left_out(network: Small, tmp_path: Path) -> None:
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.zeros(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    found = saved(tmp_path, {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1})
    assert same(found.tensors, expected)
    assert found.extras == {"epoch": 1}


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


@ZIP_AND_LEGACY
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_that_other_float_types_are_kept_and_told(
    weights: Weights, tmp_path: Path, dtype: torch.dtype, zipped: bool
) -> None:
    converted = {name: value.to(dtype) if value.is_floating_point() else value for name, value in weights.items()}
    found = saved(tmp_path, converted, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, converted)
    assert any(str(dtype).removeprefix("torch.") in note for note in found.notes)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.bool])
def test_that_whole_numbers_are_kept(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {"a.weight": torch.arange(6).to(dtype).reshape(2, 3), "b": torch.ones(2)}
    assert same(saved(tmp_path, tensors).tensors, tensors)


@ZIP_AND_LEGACY
def test_that_tied_weights_come_out_twice(tmp_path: Path, zipped: bool) -> None:
    shared = torch.randn(4, 3)
    tensors = {"embedding.weight": shared, "head.weight": shared, "part": shared[1:, 1:], "turned": shared.t()}
    assert same(saved(tmp_path, tensors, _use_new_zipfile_serialization=zipped).tensors, tensors)


@ZIP_AND_LEGACY
def test_that_empty_and_scalar_tensors_are_read(tmp_path: Path, zipped: bool) -> None:
    tensors = {"none": torch.empty(0), "wide": torch.empty(3, 0, 2), "one": torch.tensor(2.5), "w": torch.ones(2)}
    found = saved(tmp_path, tensors, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, tensors)
    assert any("without any values" in note for note in found.notes)


def test_that_nan_and_infinity_are_reported(tmp_path: Path) -> None:
    tensors = {"good": torch.ones(3), "bad": torch.tensor([1.0, float("nan")]), "worse": torch.tensor([float("inf")])}
    found = saved(tmp_path, tensors)
    assert same(found.tensors, tensors)
    assert any(note.startswith("2 tensors are with NaN or infinite values, bad first") for note in found.notes)


def test_that_numpy_numbers_among_the_metrics_are_read(weights: Weights, tmp_path: Path) -> None:
    metrics = {"f4": np.float32(0.5), "f8": np.float64(0.25), "i8": np.int64(7), "u1": np.uint8(3), "b": np.bool_(True)}
    assert saved(tmp_path, {"state_dict": weights, "metrics": metrics}).extras["metrics"] == {
        "f4": 0.5, "f8": 0.25, "i8": 7, "u1": 3, "b": True,
    }  # fmt: skip


def test_that_odd_but_harmless_extras_are_told_as_plain_values(weights: Weights, tmp_path: Path) -> None:
    extras = {
        "history": collections.defaultdict(list, loss=[1.0, 0.5]),
        "shape": torch.Size([3, 32, 32]),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "folder": pathlib.PurePosixPath("runs/1"),
        "classes": {"ant", "bee"},
        "nothing": None,
    }
    found = saved(tmp_path, {"state_dict": weights, **extras})
    assert same(found.tensors, weights)
    assert found.extras["history"] == {"loss": [1.0, 0.5]}
    assert found.extras["shape"] == [3, 32, 32]
    assert (found.extras["dtype"], found.extras["device"], found.extras["folder"]) == ("torch.float16", "cpu", "runs/1")
    assert sorted(found.extras["classes"]) == ["ant", "bee"]


def test_that_tensors_that_are_not_taken_are_told(weights: Weights, tmp_path: Path) -> None:
    record = {"model": weights, "criterion": {"centres": torch.ones(3)}, "optimizer": {"state": torch.ones(1)}}
    found = saved(tmp_path, record)
    assert same(found.tensors, weights)
    assert [note for note in found.notes if "not taken" in note] == [
        "It also holds tensors under 'criterion', which were not taken."
    ]


def test_that_a_wrapper_with_a_dot_in_its_name_is_taken_off(weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, {"model.v2": weights, "epoch": 1})
    assert same(found.tensors, weights)


def test_that_parameters_are_taken_as_tensors(network: Small, weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, dict(network.named_parameters()) | dict(network.named_buffers()))
    assert same(found.tensors, weights | {"passing": torch.ones(3)})
    assert not any(value.requires_grad for value in found.tensors.values())


def test_that_state_dicts_of_parts_are_joined(weights: Weights, tmp_path: Path) -> None:
    parts = {"backbone": {"w": torch.ones(3)}, "head": {"w": torch.zeros(2), "b": torch.zeros(1)}}
    expected = {"backbone.w": torch.ones(3), "head.w": torch.zeros(2), "head.b": torch.zeros(1)}
    assert same(saved(tmp_path, parts).tensors, expected)


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


def test_that_the_other_byte_order_is_read(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.arange(4, dtype=torch.int64), "c": torch.ones(3).half()}
    torch.save(tensors, tmp_path / "little.pth")
    with zipfile.ZipFile(tmp_path / "little.pth") as old, zipfile.ZipFile(tmp_path / "big.pth", "w") as new:
        widths = iter((4, 8, 2))
        for entry in old.infolist():
            content = old.read(entry)
            if "/data/" in entry.filename:
                content = np.frombuffer(content, f"V{next(widths)}").tobytes()
                width = {24: 4, 32: 8, 6: 2}[len(content)]
                content = np.frombuffer(content, f"<u{width}").byteswap().tobytes()
            new.writestr(entry.filename, b"big" if entry.filename.endswith("byteorder") else content)
    assert same(read_contents(tmp_path / "big.pth").tensors, tensors)


def test_that_safetensors_with_metadata_is_read(weights: Weights, tmp_path: Path) -> None:
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt", "classes": "ant,bee"})
    found = read_contents(tmp_path / "model.safetensors")
    assert same(found.tensors, weights)
    assert (found.container, found.extras) == ("safetensors", {"format": "pt", "classes": "ant,bee"})


@pytest.mark.parametrize("named", ["folder", "index"])
def test_that_hugging_face_shards_are_read(weights: Weights, tmp_path: Path, named: str) -> None:
    first, second = (f"model-0000{i}-of-00002.safetensors" for i in (1, 2))
    where = {name: first if name.startswith("stem") else second for name in weights}
    for shard in (first, second):
        save_file({name: weights[name] for name in weights if where[name] == shard}, tmp_path / shard)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
    (tmp_path / "config.json").write_text('{"architectures": ["Small"]}')
    found = read_contents(tmp_path if named == "folder" else index)
    assert same(found.tensors, weights)
    assert [path.name for path in found.files] == [first, second]
    assert found.container == ("Hugging Face folder" if named == "folder" else "sharded safetensors")


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_that_a_hugging_face_folder_is_read(weights: Weights, tmp_path: Path, name: str) -> None:
    (save_file if name.endswith("safetensors") else torch.save)(weights, tmp_path / name)
    (tmp_path / "config.json").write_text("{}")
    found = read_contents(tmp_path)
    assert same(found.tensors, weights)
    assert found.container == "Hugging Face folder"


def test_that_both_readers_agree(weights: Weights, tmp_path: Path) -> None:
    """What torch reads and what the inert reader takes from the same numbers is the same."""
    (tmp_path / "inert").mkdir()
    through_torch = saved(tmp_path, {"state_dict": weights})
    inertly = saved(tmp_path / "inert", {"state_dict": weights, "args": argparse.Namespace(lr=0.1)})
    assert same(through_torch.tensors, inertly.tensors)


def test_that_the_files_name_says_nothing(weights: Weights, tmp_path: Path) -> None:
    torch.save(weights, tmp_path / "picture.png")
    assert same(read_contents(tmp_path / "picture.png").tensors, weights)


def test_that_a_plain_pickle_of_arrays_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file.pkl").write_bytes(pickle.dumps({"w": np.zeros(3)}))
    with pytest.raises(UserError, match=r"plain Python pickle.*torch\.save"):
        read_contents(tmp_path / "file.pkl")


def test_that_tensors_do_not_depend_on_the_file_staying(weights: Weights, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    (tmp_path / "file.pth").write_bytes(buffer.getvalue())
    found = read_contents(tmp_path / "file.pth")
    (tmp_path / "file.pth").unlink()
    assert same(found.tensors, weights)
