"""What normalises images inside a network is told, whatever form the file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from layouts import Small, Weights, read_contents, same, saved
from torch import nn

M, S = [0.5, 0.25, 0.125], [0.5, 0.25, 0.25]


class Normalising(nn.Module):
    """A network behind its own normalisation."""

    def __init__(self, network: nn.Module, kept: bool) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(M).view(1, 3, 1, 1), persistent=kept)
        self.register_buffer("std", torch.tensor(S).view(1, 3, 1, 1), persistent=kept)
        self.net = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.net((images - self.mean) / self.std)
        return found


def told(extras: dict[str, Any]) -> list[Any]:
    return [value for key, value in extras.items() if key.endswith(("(its buffers)", "(its attributes)"))]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("form", ["state dict", "module", "script"])
def test_that_buffers_are_taken_off_and_told(network: Small, tmp_path: Path, form: str, kept: bool) -> None:
    made, path = Normalising(network, kept).eval(), tmp_path / "file.pth"
    if form == "script":
        torch.jit.save(torch.jit.trace(made, torch.zeros(1, 3, 8, 8)), str(path))
    else:
        torch.save(made if form == "module" else made.state_dict(), path)
    found = read_contents(path)
    assert {name for name in found.tensors if "mean" in name} == {"stem.1.running_mean"}
    if form == "state dict" and not kept:
        return  # there is nothing of it in the file
    assert told(found.extras)[0] == {"mean": M, "std": S}
    assert any("normalises images itself, by its mean and std" in note for note in found.notes)


@pytest.mark.parametrize(
    ("mean", "std", "prefix"),
    [
        ("mean", "std", ""),
        ("0.mean", "0.std", "1."),
        ("normalizer.new_mean", "normalizer.new_std", "model."),
        ("module.normalize.mean", "module.normalize.std", "module.model."),
        ("pixel_mean", "pixel_std", "backbone."),
        ("mu", "sigma", "net."),
        ("_mean", "_std", "net."),
    ],
)
def test_that_they_are_known_by_many_names(weights: Weights, tmp_path: Path, mean: str, std: str, prefix: str) -> None:
    named = {prefix + name: value for name, value in weights.items()}
    found = saved(tmp_path, {mean: torch.tensor(M), std: torch.tensor(S), **named})
    assert same(found.tensors, weights)
    assert list(told(found.extras)[0].values()) == [M, S]


@pytest.mark.parametrize("scripted", [False, True])
def test_that_the_attributes_of_a_module_are_told(network: Small, tmp_path: Path, scripted: bool) -> None:
    made, path = nn.Sequential(torchvision.transforms.Normalize(M, S), network), tmp_path / "file.pth"
    if scripted:
        torch.jit.save(torch.jit.script(made), str(path))
    else:
        torch.save(made, path)
    assert told(read_contents(path).extras) == [{"mean": M, "std": S}]


def test_that_what_lies_beside_a_network_is_named_where_it_is_left_out(weights: Weights, tmp_path: Path) -> None:
    more = weights | {f"more.{i}": torch.ones(1) for i in range(4)}
    record = {f"model.{name}": value for name, value in more.items()} | {"loss_fn.weight": torch.ones(2)}
    found = saved(tmp_path, record)
    assert same(found.tensors, more)
    assert any("loss_fn.weight" in note for note in found.notes)
