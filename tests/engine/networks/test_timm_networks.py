"""timm's networks under our names."""

from __future__ import annotations

from mpt_studio.engine.networks import build as networks
from mpt_studio.recipe import Model


def test_that_a_network_of_timms_can_be_trained_at_another_size():
    networks.check_architecture(Model(arch="timm/vit_tiny_patch16_224", image_size=64), 10, 64)
    networks.check_architecture(Model(arch="timm/mobilenetv3_small_050"), 10, 32)
