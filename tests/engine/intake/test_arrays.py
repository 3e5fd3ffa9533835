"""NumPy's arrays and torch's small tensors among what a file tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import Weights, saved


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0.5, 0.25, 0.125]), [0.5, 0.25, 0.125]),
        (np.array([[[0.5]], [[0.25]]], dtype="f4"), [0.5, 0.25]),
        (np.array([1, 2], dtype=">i4"), [1, 2]),
        (np.array(["ant", "bée"]), ["ant", "bée"]),
        (np.array(["ant", "bée"], dtype=object), ["ant", "bée"]),
        (np.array([b"ant", b"bee"]), ["ant", "bee"]),
    ],
)
def test_that_arrays_are_read(
    weights: Weights, tmp_path: Path, array: np.ndarray, expected: list[object], protocol: int
) -> None:
    found = saved(tmp_path, {"state_dict": weights, "values": array}, pickle_protocol=protocol)
    assert found.extras["values"] == expected


def test_that_an_array_that_cannot_be_read_is_there_all_the_same(weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, {"state_dict": weights, "values": np.array([1j])})
    assert found.extras["values"] == "a NumPy array"


@pytest.mark.parametrize("protocol", [2, 4])
def test_that_small_tensors_beside_the_weights_are_read_and_large_ones_named(
    weights: Weights, tmp_path: Path, protocol: int
) -> None:
    more = {"mean": torch.tensor([0.5, 0.25]).half(), "centres": torch.ones(40, 50), "parts": [torch.tensor(3)]}
    found = saved(
        tmp_path, {"state_dict": weights, "epoch": 1, "name": "x", "note": "y", **more}, pickle_protocol=protocol
    )
    assert found.extras["mean"] == [0.5, 0.25]
    assert found.extras["centres"] == "a tensor of 40×50"
    assert found.extras["parts"] == [[3]]
    assert [note for note in found.notes if "not taken" in note] == [
        "It also holds the tensor 'centres', which was not taken."
    ]
