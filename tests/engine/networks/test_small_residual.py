"""The small network's compiled form: the same numbers, to rounding."""

from __future__ import annotations

import copy

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import small_residual


def traced(module: torch.nn.Module):
    """As the compiler sees it, run by torch itself: what is made is not faster, but the same form."""
    torch._dynamo.reset()
    return torch.compile(module, backend="aot_eager", dynamic=False)


def images(size: int, mean: float = 0.0) -> torch.Tensor:
    """Gray gradients with noise, so that rows and columns of an image differ."""
    torch.manual_seed(0)
    slope = torch.linspace(-1, 1, size)
    made = mean + slope[:, None] - 2 * slope + 0.3 * torch.randn(6, 3, size, size)
    return made.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [32, 28, 20, 18])  # 18: not made of whole rows
@pytest.mark.parametrize("small_stem", [True, False])
def test_that_the_traced_network_answers_as_with_double_precision(size, small_stem):
    network = networks.build("small", 7, small_stem, size).to(memory_format=torch.channels_last).eval()
    expected = copy.deepcopy(network).double()(images(size).double())
    torch.testing.assert_close(traced(network)(images(size)).double(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mean", [0.0, 5.0, 100.0])
def test_that_moments_by_rows_lose_no_digits_where_the_mean_is_far_from_0(mean):
    """What sums of squares alone would lose: at 100 all but two digits of the variance."""
    given = images(32, mean)
    expected = torch.var_mean(given.double(), dim=(2, 3), correction=0, keepdim=True)
    for found, exact in zip(small_residual._moments_by_rows(given), expected, strict=True):
        torch.testing.assert_close(found.double(), exact, rtol=2e-6, atol=2e-6)


def test_that_only_what_is_compiled_with_channels_last_takes_moments_by_rows(monkeypatch):
    asked: list[tuple[int, ...]] = []
    by_rows = small_residual._moments_by_rows
    monkeypatch.setattr(
        small_residual, "_moments_by_rows", lambda given: asked.append(tuple(given.shape)) or by_rows(given)
    )
    network = networks.build("small", 7, True, 32).eval()
    network(images(32))
    assert not asked
    traced(network)(images(32).contiguous())
    assert not asked
    traced(network)(images(32))
    assert asked == [(6, 3, 32, 32)]
