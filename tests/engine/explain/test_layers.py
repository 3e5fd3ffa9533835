"""Heads and maps are found in networks of every family."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mpt_studio.engine.explain import find_layers
from mpt_studio.engine.explain.layers import as_map
from mpt_studio.engine.networks import build as networks


@pytest.mark.parametrize(
    ("arch", "small_stem", "size", "head", "spatial"),
    [
        ("small", True, 32, "head", "blocks"),
        ("resnet18", True, 32, "fc", "layer4"),
        ("resnet18", False, 32, "fc", "layer2"),  # layer4 has one place, layer3 four
        ("densenet121", True, 32, "classifier", "features"),
        ("squeezenet1_1", False, 64, "classifier.1", "features.7"),
        ("shufflenet_v2_x0_5", False, 64, "fc", "stage3"),  # and no branch of stage4's first block
        ("swin_t", False, 32, "head", "features.3"),  # channels last
    ],
)
def test_that_layers_are_found_in_every_family(arch, small_stem, size, head, spatial):
    torch.manual_seed(0)
    network = networks.build(arch, 7, small_stem, size).eval().requires_grad_(False)
    found = find_layers(network, size, 7)
    assert (found.head, found.spatial) == (head, spatial)


def test_that_tokens_are_maps_with_and_without_a_class_token():
    tokens = torch.arange(2 * 17 * 3.0).reshape(2, 17, 3)
    without = as_map(tokens[:, 1:])
    assert torch.equal(as_map(tokens), without)
    assert without[1, 2, 3, 1] == tokens[1, 1 + 3 * 4 + 1, 2]
    assert as_map(torch.zeros(2, 5, 5, 3)).shape == (2, 3, 5, 5)
    assert as_map(torch.zeros(2, 3, 1, 1)) is None
    assert as_map(torch.zeros(2, 6, 3)) is None


def test_that_a_map_stretched_by_pooling_is_passed_over():
    before = nn.Sequential(nn.Conv2d(3, 2, 4, stride=4))
    network = nn.Sequential(before, nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(98, 2))
    assert find_layers(network.eval(), 16, 2).spatial == "0"
