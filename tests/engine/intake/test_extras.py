"""What lies beside the weights in a file."""

from __future__ import annotations

import collections
import pathlib
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from layouts import Weights, same, saved

from mpt_studio.files.pickle_machine import Unordered


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
        "mode": torchvision.transforms.InterpolationMode.BICUBIC,
        "nothing": None,
    }
    found = saved(tmp_path, {"state_dict": weights, **extras})
    assert same(found.tensors, weights)
    assert found.extras["history"] == {"loss": [1.0, 0.5]}
    assert found.extras["shape"] == [3, 32, 32]
    assert (found.extras["dtype"], found.extras["device"], found.extras["folder"]) == ("torch.float16", "cpu", "runs/1")
    assert found.extras["mode"] == "bicubic"


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("kind", [set, frozenset])
def test_that_a_set_is_known_to_have_no_order(weights: Weights, tmp_path: Path, kind: type, protocol: int) -> None:
    found = saved(tmp_path, {"state_dict": weights, "classes": kind(("ant", "bee"))}, pickle_protocol=protocol)
    assert sorted(found.extras["classes"]) == ["ant", "bee"]
    assert isinstance(found.extras["classes"], Unordered)
