"""Batch normalisation over a batch that lies in several processes, as if it lay in one.

A mode and not a kind of module: networks of every library are taken as they are (converting modules loses what timm's
add to theirs), and copies, checkpoints and evaluation never hear of it. Shape letter: C channels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules._functions import SyncBatchNorm
from torch.overrides import TorchFunctionMode

ONE_VALUE = "Expected more than 1 value per channel when training"
"""As torch says it of one process."""


class WholeBatch(TorchFunctionMode):
    """Meanwhile statistics that are taken of a batch are those of all ranks' parts of it. Every rank has a part."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return (normalised if func is F.batch_norm else func)(*args, **(kwargs or {}))


def normalised(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``F.batch_norm`` over all ranks: with torch's own kernels on GPUs, which the CPU has not."""
    if not training:
        return F.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if input.is_cuda:
        group, count = dist.group.WORLD, dist.get_world_size()
        made: Tensor = SyncBatchNorm.apply(input, weight, bias, running_mean, running_var, eps, momentum, group, count)
        return made
    return _by_sums(input, running_mean, running_var, weight, bias, momentum, eps)


def _by_sums(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    momentum: float,
    eps: float,
) -> Tensor:
    values, shape = input.float(), (1, -1, *[1] * (input.ndim - 2))
    others = [d for d in range(input.ndim) if d != 1]
    number = values.new_tensor([values.numel() / values.shape[1]])
    sums = _summed(torch.cat([values.sum(others), number]))
    images = sums[-1].detach()
    if images <= 1:
        raise ValueError(f"{ONE_VALUE}, got input size {tuple(input.shape)}")
    mean_C = sums[:-1] / images
    centred = values - mean_C.view(shape)
    variance_C = _summed(centred.square().sum(others)) / images
    if running_mean is not None and running_var is not None:
        running_mean.lerp_(mean_C.detach(), momentum)
        running_var.lerp_(variance_C.detach() * (images / (images - 1)), momentum)
    made: Tensor = centred * (variance_C + eps).rsqrt().view(shape)
    made = made if weight is None else made * weight.view(shape)
    made = made if bias is None else made + bias.view(shape)
    return made.to(input.dtype)


def _summed(values: Tensor) -> Tensor:
    summed: Tensor = _Summed.apply(values)
    return summed


class _Summed(torch.autograd.Function):
    """A sum over all ranks; its gradient is summed likewise."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        summed = values.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        summed = gradients[0].clone()
        dist.all_reduce(summed)
        return summed
