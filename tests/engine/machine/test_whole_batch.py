"""Batch normalisation over all ranks, beside torch's over one."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
import torch.distributed as dist
from torch import nn

from mpt_studio.engine.machine.launch import Launch
from mpt_studio.engine.machine.whole_batch import WholeBatch


@pytest.fixture
def group(tmp_path):
    """One rank, whose sums over all ranks are its own."""
    with Launch(0, 0, 1, dist.FileStore(str(tmp_path / "store"), 1)).group("cpu"):
        yield


def test_that_it_is_torchs_where_there_is_one_rank(group):
    layer, images = nn.BatchNorm2d(3), torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    other = nn.BatchNorm2d(3)
    answers, weights = [], torch.linspace(-1, 1, images.numel()).reshape(images.shape)
    for norm, mode in ((layer, nullcontext()), (other, WholeBatch())):
        shown = images.clone().requires_grad_()
        with mode:
            made = norm(shown)
        (made * weights).sum().backward()
        answers.append((made, shown.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var))
    for one, two in zip(*answers, strict=True):
        assert torch.allclose(one, two, atol=1e-5)


def test_that_statistics_that_are_kept_are_left_to_torch(group):
    images = torch.randn(4, 3, 2, 2)
    layer = nn.BatchNorm2d(3).eval()
    alone = layer(images)
    with WholeBatch():
        assert torch.equal(layer(images), alone)


def test_that_one_value_has_no_variance(group):
    with WholeBatch(), pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
