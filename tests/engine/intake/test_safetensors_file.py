"""Safetensors files."""

from __future__ import annotations

import argparse
from pathlib import Path

from layouts import Weights, read_contents, same, saved
from safetensors.torch import save_file


def test_that_safetensors_with_metadata_is_read(weights: Weights, tmp_path: Path) -> None:
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt", "classes": "ant,bee"})
    found = read_contents(tmp_path / "model.safetensors")
    assert same(found.tensors, weights)
    assert (found.container, found.extras) == ("safetensors", {"format": "pt", "classes": "ant,bee"})


def test_that_both_readers_agree(weights: Weights, tmp_path: Path) -> None:
    """What torch reads and what the inert reader takes from the same numbers is the same."""
    (tmp_path / "inert").mkdir()
    through_torch = saved(tmp_path, {"state_dict": weights})
    inertly = saved(tmp_path / "inert", {"state_dict": weights, "args": argparse.Namespace(lr=0.1)})
    assert same(through_torch.tensors, inertly.tensors)
