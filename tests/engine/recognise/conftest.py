"""Versions in memory, as the reader hands them over, and the way from there to logits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.engine.intake.contents import Contents
from mpt_studio.engine.networks.weights import load_network, save_network
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.reading import Choices, Reading


@pytest.fixture
def contents() -> Callable[..., Contents]:
    """What was read from a file with these tensors."""

    def make(tensors, **more) -> Contents:
        values = {"container": "PyTorch zip", "sha256": "0" * 64, "bytes": 1, **more}
        return Contents(tensors=dict(tensors), **values)

    return make


@pytest.fixture
def names() -> Callable[[int], tuple[str, ...]]:
    return lambda count: tuple(f"class {i}" for i in range(count))


@pytest.fixture
def reloaded(contents, tmp_path) -> Callable[..., tuple[Reading, nn.Module]]:
    """Describe tensors, write them as the reader does, load them again."""

    def make(tensors, path: Path | None = None, choices: Choices | None = None, **more) -> tuple[Reading, nn.Module]:
        path = path or tmp_path / "weights.pth"
        reading, ours = describe(contents(tensors, **more), path, choices or Choices())
        assert reading.needs == (), reading.notes
        assert ours is not None
        first = reading.candidates[0]
        checkpoint = Checkpoint(
            path=str(tmp_path / "normalised.safetensors"),
            architecture=first.arch,
            small_stem=first.small_stem,
            class_names=reading.class_names,
            preprocessing=reading.preprocessing,
        )
        save_network(Path(checkpoint.path), ours, checkpoint)
        return reading, load_network(checkpoint)

    return make


@pytest.fixture
def logits() -> Callable[[nn.Module, int], torch.Tensor]:
    """Of two fixed images."""

    def make(network: nn.Module, size: int) -> torch.Tensor:
        images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            return network.eval()(images)

    return make
