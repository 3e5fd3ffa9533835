"""A small network, and files of its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mpt_studio.engine.intake.contents import Contents, contents_from, outline_of

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
