"""Networks by name."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.errors import UserError
from mpt_studio.recipe import Model


def parameters(network) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("size", [16, 28, 32])
def test_that_the_small_network_has_about_a_fifth_of_a_million_parameters(size):
    network = networks.build("small", 36, True, size)
    assert 150_000 < parameters(network) < 250_000
    assert network(torch.zeros(2, 3, size, size)).shape == (2, 36)


def test_that_the_small_network_takes_photographs():
    assert networks.build("small", 5, False, 224)(torch.zeros(2, 3, 224, 224)).shape == (2, 5)


def test_that_resnet18_has_torchvisions_size_and_a_stem_for_small_images():
    with torch.device("meta"):
        published = networks.build("resnet18", 100, False, 32)
        small = networks.build("resnet18", 100, True, 32)
    assert parameters(published) == 11_227_812
    assert parameters(published) - parameters(small) == 64 * 3 * (49 - 9)
    assert small.conv1.stride == (1, 1)
    assert isinstance(small.maxpool, torch.nn.Identity)


@pytest.mark.parametrize(
    "arch", ["resnet18", "resnext50_32x4d", "densenet121", "mobilenet_v2", "efficientnet_b0", "vgg11_bn", "vit_b_16"]
)
def test_that_families_take_images_of_32_pixels(arch):
    networks.check_architecture(Model(arch=arch), 10, 32)


@pytest.mark.parametrize("arch", ["googlenet", "inception_v3", "maxvit_t", "swin_t", "convnext_tiny"])
def test_that_families_take_their_own_size(arch):
    networks.check_architecture(Model(arch=arch, small_stem="off"), 10, 299 if arch == "inception_v3" else 224)


def test_that_an_unknown_name_brings_the_closest_ones():
    with pytest.raises(UserError, match="did you mean resnet18"):
        networks.check_architecture(Model(arch="resnet_18"), 10, 32)


def test_that_a_size_that_a_network_cannot_take_is_a_sentence():
    with pytest.raises(UserError, match="alexnet cannot take images of 32 pixels"):
        networks.check_architecture(Model(arch="alexnet"), 10, 32)


def test_that_the_stem_follows_the_images_size_unless_told():
    assert networks.stem_is_small(Model(arch="resnet18"), 64)
    assert not networks.stem_is_small(Model(arch="resnet18"), 65)
    assert not networks.stem_is_small(Model(arch="resnet18", small_stem="off"), 32)
    assert not networks.stem_is_small(Model(arch="vgg11", small_stem="on"), 32)


def test_that_stems_of_other_families_keep_the_resolution():
    for arch in ("regnet_y_400mf", "mobilenet_v3_small", "mnasnet0_5"):
        network = networks.build(arch, 10, networks.has_small_stem(arch), 32).eval()
        assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
