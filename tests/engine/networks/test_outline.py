"""Networks that are built without memory, or without their random weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mpt_studio.engine.networks.outline import without_filling


@pytest.mark.timeout(30)
@pytest.mark.parametrize("bound", [2.0, 0.001])
def test_that_truncated_normal_weights_are_not_drawn_for_ever_from_what_the_memory_held(bound, monkeypatch):
    monkeypatch.setattr(torch, "empty_like", lambda like: torch.full_like(like, 1e30))
    layer = nn.Linear(8, 8)
    nn.init.constant_(layer.weight, 1e30)

    def make() -> nn.Module:
        nn.init.trunc_normal_(layer.weight, 0.0, 0.02, -bound, bound)
        return layer

    assert without_filling(make) is layer
