"""Batch normalisation that is compiled in parts: torch's own numbers, to rounding."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mpt_studio.engine.machine.batch_norm import PartialSumsBatchNorm2d, normalised, use_partial_sums
from mpt_studio.engine.networks import build as networks


def traced(module: nn.Module):
    """As the compiler sees it, run by torch itself: what is made is not faster, but ours."""
    torch._dynamo.reset()
    return torch.compile(module, backend="aot_eager", dynamic=False)


def ends(module: nn.BatchNorm2d, forward, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a step moves: answers, gradients, statistics."""
    images = images.clone().requires_grad_(True)
    answer = forward(images)
    weighted = (answer * torch.linspace(-1, 2, answer.numel(), dtype=answer.dtype).view(answer.shape)).sum()
    names = ["images", *(name for name, _ in module.named_parameters())]
    gradients = torch.autograd.grad(weighted, (images, *module.parameters()))
    return {"answer": answer, **dict(zip(names, gradients, strict=True)), **dict(module.named_buffers())}


@pytest.mark.parametrize("shape", [(128, 24, 16, 16), (5, 7, 3, 3), (32, 16, 1, 1), (64, 3, 8, 4)])
@pytest.mark.parametrize("momentum", [0.1, 1.0])
def test_that_a_traced_step_moves_all_that_torchs_own_moves_with_double_precision(shape, momentum):
    """Sums in parts round less: of 32,768 values a tenth of what torch's own sums do."""
    torch.manual_seed(0)
    own = nn.BatchNorm2d(shape[1], momentum=momentum)
    nn.init.uniform_(own.weight, 0.5, 2.0)
    nn.init.normal_(own.bias)
    ours = nn.Sequential(copy.deepcopy(own))
    use_partial_sums(ours)
    own.double()
    images = (3.0 + 2.0 * torch.randn(shape)).to(memory_format=torch.channels_last)
    expected, found = ends(own, own, images.double()), ends(ours[0], traced(ours), images)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name].to(value), value, rtol=0, atol=2e-5 * float(value.abs().max()))


@settings(deadline=None, max_examples=30)
@given(batch=st.integers(2, 9), channels=st.integers(1, 5), side=st.integers(1, 4), near=st.floats(-3, 3))
def test_that_gradients_are_the_derivatives(batch, channels, side, near):
    torch.manual_seed(batch + 10 * channels + 100 * side)
    images = torch.randn(batch, channels, side, side, dtype=torch.float64, requires_grad=True)
    weight, bias = (torch.randn(channels, dtype=torch.float64, requires_grad=True) for _ in range(2))
    about = torch.full((channels,), near, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *given: normalised(*given, about, 1e-3)[0], (images, weight, bias))


def test_that_a_mean_far_from_zero_costs_no_digits_once_the_running_mean_is_near():
    torch.manual_seed(0)
    images = 1000.0 + torch.randn(64, 4, 8, 8)
    expected = images.double().var(dim=(0, 2, 3), correction=0).float()
    weight, bias = torch.ones(4), torch.zeros(4)
    _, mean, variance, _ = normalised(images, weight, bias, torch.full((4,), 1000.2), 1e-5)
    torch.testing.assert_close(variance, expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(mean, images.double().mean(dim=(0, 2, 3)).float(), rtol=1e-6, atol=0)


def test_that_constant_channels_are_normalised_to_their_bias():
    images = torch.full((8, 2, 4, 4), 0.3)
    answer, *_ = normalised(images, torch.ones(2), torch.tensor([1.0, -2.0]), torch.zeros(2), 1e-5)
    torch.testing.assert_close(answer[0, :, 0, 0], torch.tensor([1.0, -2.0]), rtol=0, atol=1e-3)


def test_that_what_is_not_compiled_or_not_trained_is_torchs_own_to_the_bit():
    torch.manual_seed(0)
    network = networks.build("small", 10, True, 32)
    other = copy.deepcopy(network)
    use_partial_sums(other)
    assert sum(isinstance(module, PartialSumsBatchNorm2d) for module in other.modules()) == 9
    assert network.state_dict().keys() == other.state_dict().keys()
    images = torch.rand(6, 3, 32, 32)
    assert torch.equal(other.train()(images), network.train()(images))
    assert torch.equal(other.eval()(images), network.eval()(images))
    torch.testing.assert_close(traced(other)(images), network(images), rtol=0, atol=0)


def test_that_under_autocast_torchs_own_stays():
    torch.manual_seed(0)
    own = nn.BatchNorm2d(4).train()
    ours = nn.Sequential(copy.deepcopy(own))
    use_partial_sums(ours)
    images = torch.randn(6, 4, 5, 5).bfloat16()
    answer = traced(ours)(images)
    assert answer.dtype == torch.bfloat16
    assert torch.equal(answer, own(images))


@pytest.mark.parametrize(
    "module",
    [
        nn.BatchNorm2d(4, affine=False),
        nn.BatchNorm2d(4, track_running_stats=False),
        nn.BatchNorm2d(4, momentum=None),
        nn.SyncBatchNorm(4),
        nn.BatchNorm1d(4),
    ],
)
def test_that_other_kinds_of_normalisation_stay(module):
    kind = type(module)
    use_partial_sums(nn.Sequential(module))
    assert type(module) is kind
