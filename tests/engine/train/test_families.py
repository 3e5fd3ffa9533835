"""The mechanics of fine-tuning, once for every family of networks, with random weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.adopt import adopted, head_of
from mpt_studio.engine.train.layers import paces

KNOWN, CLASSES = ("bee", "dog", "eel"), ("ant", "bee", "cat", "dog", "eel")

FAMILIES = {
    "small": (32, 48),
    "resnet18": (32, 64),
    "resnext50_32x4d": (32, 32),
    "mobilenet_v2": (32, 64),
    "mobilenet_v3_small": (32, 64),
    "efficientnet_b0": (32, 64),
    "regnet_y_400mf": (32, 64),
    "densenet121": (32, 64),
    "shufflenet_v2_x0_5": (32, 64),
    "squeezenet1_1": (64, 96),
    "mnasnet0_5": (32, 64),
    "convnext_tiny": (32, 64),
    "swin_t": (32, 64),
    "vit_b_16": (32, 48),
    "timm/resnet10t": (32, 64),
    "timm/tf_efficientnet_lite0": (32, 64),
    "timm/convnext_atto": (32, 64),
    "timm/vit_tiny_patch16_224": (32, 48),
    "timm/deit_tiny_patch16_224": (32, 48),
    "timm/mobilenetv3_small_050": (32, 64),
}
"""Architecture → sides of the images that the weights are from, and that they go to."""


@pytest.fixture(scope="module", params=FAMILIES)
def taken_over(request) -> tuple[str, nn.Module, dict[str, torch.Tensor], int, int]:
    arch = request.param
    before, size = FAMILIES[arch]
    torch.manual_seed(1)
    source = networks.build(arch, len(KNOWN), False, before).state_dict()
    network = networks.build(arch, len(CLASSES), False, size)
    kept = adopted(
        network, source, KNOWN, CLASSES, arch=arch, image_size=size, new_rows="drawn", seed=1, origin="a file"
    )  # fmt: skip
    return arch, network, source, size, kept


def test_that_every_tensor_below_the_head_is_the_starts_or_resampled(taken_over):
    _, network, source, size, kept = taken_over
    head, found = head_of(network, size, len(CLASSES)), network.state_dict()
    below = [n for n in found if not n.startswith(f"{head}.")]
    other = [
        n for n in below if n in source and not (found[n].shape == source[n].shape and torch.equal(found[n], source[n]))
    ]
    assert all("pos_embed" in n for n in other), other
    assert kept == 3


def test_that_rows_of_the_head_follow_the_names(taken_over):
    _, network, source, size, _ = taken_over
    head, found = head_of(network, size, len(CLASSES)), network.state_dict()
    for end in ("weight", "bias"):
        for row, name in enumerate(KNOWN):
            assert torch.equal(found[f"{head}.{end}"][CLASSES.index(name)], source[f"{head}.{end}"][row])


def test_that_rates_fall_from_the_head_to_the_first_layer_and_norms_keep_their_weights(taken_over):
    _, network, _, size, _ = taken_over
    head = head_of(network, size, len(CLASSES))
    found = paces(network, head, 0.5, fine_tuned=True)
    names = [name for name, _ in network.named_parameters()]
    first = next(n for n in names if dict(network.named_parameters())[n].ndim > 1 and not n.startswith(head))
    assert found[f"{head}.weight"].lr_scale == 1.0
    assert found[f"{head}.weight"].decays
    assert found[first].lr_scale == min(pace.lr_scale for pace in found.values()) < 0.3
    assert all(not found[n].decays for n, value in network.named_parameters() if value.ndim <= 1)


def test_that_it_takes_images_of_the_new_size_and_answers(taken_over):
    _, network, _, size, _ = taken_over
    with torch.no_grad():
        answers = network.eval()(torch.randn(2, 3, size, size))
    assert answers.shape == (2, len(CLASSES))
    assert answers.isfinite().all()
