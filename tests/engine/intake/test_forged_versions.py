"""Files that say they are ours: whoever can write a file can write our header and a checksum that fits.

So a file is taken at its word only where this store noted its SHA-256 when it wrote it.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from mpt_studio import jobs, paths
from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.onnx_file import normalise
from mpt_studio.engine.networks.weights import load_network, save_network
from mpt_studio.errors import UserError
from mpt_studio.recipe import Recipe
from mpt_studio.store import Store

pytestmark = pytest.mark.usefixtures("forked")

IMAGES = Preprocessing(image_size=8, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
SOUND = Checkpoint(architecture="small", small_stem=True, class_names=("ant", "bee"), preprocessing=IMAGES)


def _forged(path: Path, **changes: Any) -> Path:
    images = {name: changes.pop(name) for name in list(changes) if name in IMAGES.__dataclass_fields__}
    made = dataclasses.replace(SOUND, **changes, preprocessing=dataclasses.replace(IMAGES, **images))
    save_network(path, {"w": torch.zeros(4)}, made)
    return path


def test_that_a_sound_header_is_read(tmp_path: Path) -> None:
    assert read_checkpoint(_forged(tmp_path / "v.safetensors")).class_names == ("ant", "bee")


@pytest.mark.parametrize(
    "changes",
    [
        {"class_names": ("ant", "\x1b[31mbee")},
        {"class_names": ("ant", "bee\n")},
        {"class_names": ("ant", "b" * 100_000)},
        {"class_names": tuple(map(str, range(100_001)))},
        {"architecture": "\x1b]0;title\x07"},
        {"run": "../../../etc/passwd"},
        {"run": ".."},
        {"run": "/etc"},
        {"notes": ("\x1b[2J",)},
        {"source": "a\rb"},
        {"image_size": 0},
        {"image_size": -8},
        {"image_size": 10**9},
        {"resize": -1},
        {"resize": 10**9},
        {"std": (0.0, 0.0, 0.0)},
        {"mean": (math.nan, 0.0, 0.0)},
        {"mean": (1e300, 0.0, 0.0)},
        {"std": (math.inf, 1.0, 1.0)},
    ],
    ids=lambda changes: f"{next(iter(changes))}-{str(next(iter(changes.values())))[:20]!a}",
)
def test_that_values_that_no_version_has_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = _forged(tmp_path / "v.safetensors", **changes)
    with pytest.raises(UserError) as caught:
        read_checkpoint(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("architecture", ["../../x", "timm/hf-hub:someone/model", "timm/../x", "os.system", "onnx"])
def test_that_an_architecture_that_is_none_builds_nothing(tmp_path: Path, architecture: str) -> None:
    described = read_checkpoint(_forged(tmp_path / "v.safetensors", architecture=architecture))
    with pytest.raises(UserError):
        load_network(described)


HUGE = ("regnet_y_128gf", "vit_h_14", "vgg19")
"""Networks of 2.6, 2.5 and 0.6 GB, asked for by a file of a thousand bytes."""


def _session(tmp_path: Path) -> jobs.Session:
    return jobs.Session(Store(tmp_path / "store"))


@pytest.mark.parametrize("architecture", HUGE)
def test_that_a_seal_buys_no_memory(tmp_path: Path, architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _forged(tmp_path / "v.safetensors", architecture=architecture, small_stem=False, image_size=224)
    assert path.stat().st_size < 1200
    built: list[str] = []
    monkeypatch.setattr(networks, "build", lambda arch, *rest: built.append(arch))
    for spec in ("builtin", "builtin"):  # a refusal is not kept as an answer
        with pytest.raises(UserError) as error:
            jobs.evaluate(_session(tmp_path), path, spec)
        assert len(str(error.value)) <= 200
    assert built == []  # nothing of it in this process
    assert not (tmp_path / "store" / "runs").exists()


def test_that_our_own_file_is_read_through_the_limited_door_elsewhere_and_keeps_what_it_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = dataclasses.replace(SOUND, method="mpt_kl", notes=("It is v1.",), figures={"validation_accuracy": 0.5})
    save_network(tmp_path / "v.safetensors", networks.build("small", 2, True, 8).state_dict(), made)
    session = _session(tmp_path)
    found = jobs.checkpoint_of(session, tmp_path / "v.safetensors")
    assert Path(found.path).parent.parent == paths.cache_dir() / "versions"
    assert dataclasses.replace(found, path="") == dataclasses.replace(made, source="v.safetensors")
    assert jobs.checkpoint_of(session, Path(found.path)) == found  # it was made by our own reader


def test_that_a_version_of_this_store_is_taken_as_it_is_until_it_is_another(tmp_path: Path) -> None:
    session = _session(tmp_path)
    network = networks.build("small", 2, True, 8).state_dict()
    with session.store.create_run(Recipe(data="builtin")) as writer:
        path = writer.save_weights(lambda new: save_network(new, network, SOUND))
    assert jobs.checkpoint_of(session, path).path == str(path)
    other = {name: tensor + 1 for name, tensor in network.items()}
    save_network(path, other, SOUND)  # with a seal that fits, and by another hand
    assert jobs.checkpoint_of(session, path).path != str(path)
    _forged(path, architecture="vit_h_14", small_stem=False, image_size=224)
    with pytest.raises(UserError):
        jobs.checkpoint_of(session, path)
    copy = tmp_path / "another" / "runs" / path.parents[1].name / "checkpoints" / "last.safetensors"
    copy.parent.mkdir(parents=True)
    save_network(copy, network, SOUND)
    assert jobs.checkpoint_of(session, copy).path != str(copy)


def test_that_a_graph_with_our_seal_and_other_outputs_than_it_says_is_refused(tmp_path: Path) -> None:
    from tiny_onnx import PLAIN, tiny_graph

    (tmp_path / "raw.onnx").write_bytes(tiny_graph().SerializeToString())
    described = dataclasses.replace(SOUND, architecture="onnx", small_stem=False, preprocessing=PLAIN)
    normalise(tmp_path / "raw.onnx", tmp_path / "v.onnx", described)
    with pytest.raises(UserError, match=r"names 2 classes and has 3 outputs|2 .* 3"):
        jobs.checkpoint_of(_session(tmp_path), tmp_path / "v.onnx")
