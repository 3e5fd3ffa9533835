"""A small network's weights; makes the ``hostile`` package and the ``layouts`` beside this file importable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from layouts import Small, Weights


@pytest.fixture(scope="module")
def network() -> Small:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Small().eval()


@pytest.fixture(scope="module")
def weights(network: Small) -> Weights:
    return dict(network.state_dict())
