"""Networks that are built without memory, or without their random weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import outlined, without_filling


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


@pytest.mark.parametrize("arch", ["small", "resnet18", "vit_b_32", "swin_t"])
def test_that_an_outline_answers_like_the_network_and_leaves_it_as_it_was(arch):
    network = networks.build(arch, 5, False, 64)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    assert outlined(network, 3, 64).shape == (3, 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network.training
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 5)


def test_that_modules_and_weights_of_several_names_are_put_back():
    layer, tied = nn.Linear(2, 2), nn.Linear(2, 2)
    tied.weight = layer.weight
    network = nn.Sequential(nn.AdaptiveAvgPool2d((1, 2)), nn.Flatten(), nn.Linear(6, 2), layer, layer, tied)
    assert outlined(network, 3, 4).shape == (3, 2)
    assert network[3].weight is network[4].weight is network[5].weight
    assert not any(tensor.is_meta for tensor in network.state_dict().values())
