"""Convolutions over small maps are computed as products, and nothing else changes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from mpt_studio.engine.machine.small_maps import MOST_PLACES, SmallMapConv2d, use_products
from mpt_studio.engine.networks import build as networks


def products(network: nn.Module) -> list[SmallMapConv2d]:
    return [module for module in network.modules() if isinstance(module, SmallMapConv2d)]


@given(
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    sides=st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (4, 1)]),
    bias=st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_that_answers_and_gradients_are_those_of_the_convolution(kernel, stride, padding, sides, bias):
    assume(all(side + 2 * p >= k for side, p, k in zip(sides, padding, kernel, strict=True)))
    torch.manual_seed(0)
    module = nn.Conv2d(3, 5, kernel, stride, padding, bias=bias).double()
    images, ends = torch.randn(4, 3, *sides, dtype=torch.float64, requires_grad=True), []
    for _ in range(2):
        answer = module(images)
        weighted = (answer * torch.arange(answer.numel(), dtype=torch.float64).view(answer.shape)).sum()
        ends.append((answer, *torch.autograd.grad(weighted, (images, *module.parameters()))))
        SmallMapConv2d.take_over(module, sides)
        module.double()
    for expected, found in zip(*ends, strict=True):
        torch.testing.assert_close(found, expected)


def test_that_resnet_at_32_pixels_multiplies_in_its_last_two_stages_and_answers_alike():
    torch.manual_seed(0)
    network = networks.build("resnet18", 10, False, 32).train()
    images = torch.randn(16, 3, 32, 32)
    names = [name for name, _ in network.named_parameters()]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    expected = network.eval()(images)
    assert use_products(network.train(), 32) is network
    assert network.training
    assert len(products(network)) == 8  # three of the third stage, five of the fourth
    assert all(module.sides[0] * module.sides[1] <= MOST_PLACES for module in products(network))
    assert [name for name, _ in network.named_parameters()] == names
    assert network.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    torch.testing.assert_close(network.eval()(images), expected, rtol=1e-4, atol=1e-5)


def test_that_images_of_another_size_are_convolved_as_before():
    network = networks.build("resnet18", 10, False, 32).eval()
    images = torch.randn(2, 3, 96, 96)
    expected = network(images)
    assert torch.equal(use_products(network, 32)(images), expected)


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="replicate"),
        nn.Conv2d(4, 4, 3, padding="same"),
    ],
)
def test_that_other_kinds_of_convolutions_stay(module):
    network = nn.Sequential(nn.Conv2d(3, 4, 16, 16), module)
    assert not products(use_products(network, 32))


def test_that_a_convolution_that_sees_maps_of_several_sizes_stays():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Conv2d(3, 3, 3, 2, 1)

        def forward(self, images):
            return self.inner(self.inner(images))

    assert not products(use_products(Twice(), 4))


def test_that_a_network_that_refuses_the_trial_image_is_left_as_it_is():
    network = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Linear(77, 2))
    assert not products(use_products(network, 2))


def test_that_no_images_give_no_answers():
    assert use_products(networks.build("resnet18", 10, False, 32), 32).eval()(torch.zeros(0, 3, 32, 32)).shape == (
        0,
        10,
    )


@pytest.mark.parametrize("arithmetic", [torch.bfloat16, torch.float16])
def test_that_low_precision_stays_close(arithmetic):
    torch.manual_seed(0)
    network = networks.build("resnet18", 10, False, 32).eval()
    images = torch.randn(8, 3, 32, 32)
    expected = network(images)
    with torch.autocast("cpu", arithmetic):
        found = use_products(network, 32)(images).float()
    torch.testing.assert_close(found, expected, rtol=0.1, atol=0.05)


def test_that_a_kernel_under_which_most_places_do_not_meet_is_left_over_several_places():
    network = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, 1, 1), nn.Conv2d(4, 4, 2))
    rest = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, 1, 1))
    use_products(nn.Sequential(network, rest), 16)  # maps of 2×2 and then, after a kernel of 2×2, of 1×1
    assert [type(module) is SmallMapConv2d for module in network] == [False, False, True, True]
    assert len(products(rest)) == 2


def test_that_a_kernel_that_meets_padding_only_gives_zeros():
    module = nn.Conv2d(3, 4, 1, 8, 2, bias=False)
    images = torch.randn(2, 3, 2, 2)
    expected = module(images)
    SmallMapConv2d.take_over(module, (2, 2))
    assert torch.equal(module(images), expected)


def test_that_a_network_without_convolutions_is_not_even_tried():
    class Counts(nn.Flatten):
        calls = 0

        def forward(self, images):
            self.calls += 1
            return super().forward(images)

    network = nn.Sequential(Counts(), nn.Linear(48, 2))
    assert use_products(network, 4) is network
    assert network[0].calls == 0
