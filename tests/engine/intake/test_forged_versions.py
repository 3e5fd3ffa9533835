"""Files that say they are ours: whoever can write a file can write our header and a checksum that fits."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.engine.networks.weights import load_network, save_network
from mpt_studio.errors import UserError

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
