"""Which layers learn at which pace."""

from __future__ import annotations

import math

import pytest
import torchvision

from mpt_studio.engine.networks.adopt import head_of
from mpt_studio.engine.train.layers import paces


def groups_of(network, head: str) -> dict[str, int]:
    """Groups below the head, of every parameter."""
    return {name: round(-math.log2(pace.lr_scale)) for name, pace in paces(network, head, 0.5, True).items()}


def test_that_torchvisions_vit_has_a_group_for_its_stem_one_for_each_block_and_its_last_norm_beside_the_last():
    network = torchvision.models.vit_b_16(num_classes=3, image_size=32)
    groups = groups_of(network, "heads.head")
    assert groups["encoder.layers.encoder_layer_11.mlp.0.weight"] == groups["encoder.ln.weight"] == 1
    assert groups["encoder.layers.encoder_layer_0.mlp.0.weight"] == 12
    assert {groups[n] for n in ("class_token", "conv_proj.weight", "encoder.pos_embedding")} == {13}


@pytest.mark.parametrize(
    ("arch", "head", "stem", "last"),
    [
        ("resnet18", "fc", ("conv1", "bn1"), ("layer4.1.conv1", "layer4.1.bn2")),
        ("efficientnet_b0", "classifier.1", ("features.0.0", "features.0.1"), ("features.8.0", "features.8.1")),
        ("convnext_tiny", "classifier.2", ("features.0.0", "features.0.1"), ("features.7.2.block.0", "classifier.0")),
    ],
)
def test_that_norms_learn_at_the_pace_of_the_layer_before_them(arch, head, stem, last):
    groups = groups_of(torchvision.models.get_model(arch, num_classes=3), head)
    assert {groups[f"{layer}.weight"] for layer in last} == {1}
    assert {groups[f"{layer}.weight"] for layer in stem} == {max(groups.values())}


@pytest.mark.parametrize("arch", ["vit_tiny_patch16_224", "convnext_atto", "tf_efficientnet_lite0", "resnet18"])
def test_that_timms_networks_have_timms_own_groups(arch):
    timm = pytest.importorskip("timm")
    from timm.optim import param_groups_layer_decay

    network = timm.create_model(arch, num_classes=3)
    names = {id(value): name for name, value in network.named_parameters()}
    theirs = {
        names[id(value)]: round(-math.log2(group["lr_scale"]))
        for group in param_groups_layer_decay(network, layer_decay=0.5)
        for value in group["params"]
    }
    assert groups_of(network, head_of(network, 224, 3)) == theirs
