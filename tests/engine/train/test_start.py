"""Where weights come from."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.train.start import begin
from mpt_studio.errors import UserError
from mpt_studio.recipe import Model


def drawn(arch: str, small: bool) -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return networks.build(arch, 4, small, 16).state_dict()


@pytest.mark.parametrize(("arch", "small"), [("small", True), ("resnet18", True), ("shufflenet_v2_x0_5", False)])
def test_that_weights_from_scratch_are_those_that_the_seed_draws(arch, small, make, replaced):
    parts = make(replaced(model=Model(arch=arch))).parts  # of seed 7
    expected, before = drawn(arch, small), torch.random.get_rng_state()
    start = begin(parts)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert start.preprocessing is None
    found = start.network.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert start.network.training


def test_that_a_network_that_cannot_take_the_images_is_refused(make, replaced):
    with pytest.raises(UserError, match="cannot take images of 16 pixels"):
        make(replaced(model=Model(arch="alexnet")))


def test_that_a_version_begins_with_the_weights_of_its_start(make):
    trainer = make()
    started = begin(trainer.parts).network.state_dict()
    assert all(torch.equal(value, started[name]) for name, value in trainer.network.state_dict().items())
