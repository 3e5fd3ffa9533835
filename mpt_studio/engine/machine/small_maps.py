"""Convolutions over maps of at most four places, as matrix products: the same numbers to rounding, four times as fast.

Deep layers see small images as maps of 2×2 or 1×1 places (ResNet-18 at 32×32 with the ImageNet stem, at 64×64 too).
There each place meets each other one through one weight of the kernel, and most of a kernel meets padding only: the
convolution is a dense layer whose matrix is made of the kernel's weights. Forward and backward passes on two cores with
AVX-512, batch 128: 512 channels at 1×1 in 3.4 instead of 13.6 ms, 256 at 2×2 in 5.0 instead of 13.6, 512 at 2×2 in 17
instead of 87; at 4×4 it would take 17 instead of 7. Where most places do not meet, as under a kernel of one weight, the
matrix would be mostly zeros and twice as slow.

Shape letters: B batch, C O channels before and after, H W the map's sides, K T the kernel's.
"""

from __future__ import annotations

from collections import defaultdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST_PLACES = 4
LEAST_SHARE = 0.5
"""Of all pairs of places that meet, where there are several places after."""
Sides = tuple[int, int]


@torch.no_grad()
def use_products(network: nn.Module, size: int) -> nn.Module:
    """Change, in place, how a network on the CPU computes its convolutions over small maps for images of ``size``.

    Weights, their names and hooks stay; maps of another size are convolved as before. Returns ``network``.
    """
    if all(weight.device.type == "cpu" for weight in network.parameters()):
        for module, maps in _maps(network, size).items():
            if len(maps) == 1 and _suits(module, *maps):
                SmallMapConv2d.take_over(module, *maps)
    return network


def _maps(network: nn.Module, size: int) -> dict[nn.Conv2d, set[Sides]]:
    """The sides of what each plain convolution is given, from one image; nothing where a network refuses it."""
    found: dict[nn.Conv2d, set[Sides]] = defaultdict(set)

    def note(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(module, nn.Conv2d)
        height, width = given[0].shape[-2:]
        found[module].add((height, width))

    hooks = [m.register_forward_pre_hook(note) for m in network.modules() if type(m) is nn.Conv2d]
    if not hooks:
        return {}
    training = network.training
    try:
        network.eval()(torch.zeros(1, 3, size, size))
    except Exception:  # whoever uses the network tells why; it is the faster form only
        return {}
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return found


def _suits(module: nn.Conv2d, sides: Sides) -> bool:
    plain = module.groups == 1 and set(module.dilation) == {1} and module.padding_mode == "zeros"
    if not plain or isinstance(module.padding, str) or sides[0] * sides[1] > MOST_PLACES:
        return False
    high, wide = _sides_after(module, sides)
    return (high, wide) == (1, 1) or bool(_joins(module, sides).any(dim=1).float().mean() >= LEAST_SHARE)


class SmallMapConv2d(nn.Conv2d):
    """A convolution that multiplies where its input has the sides that it was made for."""

    sides: Sides
    sides_after: Sides
    meeting: Tensor
    """See ``_joins``."""

    @classmethod
    def take_over(cls, module: nn.Conv2d, sides: Sides) -> None:
        """Make a convolution one of this kind, for maps of ``sides``."""
        module.__class__ = cls
        assert isinstance(module, cls)
        module.sides = sides
        module.sides_after = _sides_after(module, sides)
        module.register_buffer("meeting", _joins(module, sides), persistent=False)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        if images_BCHW.shape[-2:] != self.sides:
            return super().forward(images_BCHW)
        product = self._to_one_place if self.sides_after == (1, 1) else self._to_several_places
        answer = product(images_BCHW)
        return answer.contiguous(memory_format=torch.channels_last)

    def _to_one_place(self, images_BCHW: Tensor) -> Tensor:
        """The part of the kernel that meets the map, and the part of the map that meets the kernel."""
        (high, wide), (down, right) = self.kernel_size, _pair(self.padding)
        part = images_BCHW[:, :, : max(0, high - down), : max(0, wide - right)]
        kernel = self.weight[:, :, down : down + part.shape[2], right : right + part.shape[3]]
        return F.linear(_flat(part), _flat(kernel), self.bias)[:, :, None, None]

    def _to_several_places(self, images_BCHW: Tensor) -> Tensor:
        kernel = self.weight.permute(0, 2, 3, 1).flatten(1, 2)  # (O, K·T, C), where it lies with channels last
        matrix = torch.matmul(self.meeting, kernel).view(-1, _flat(images_BCHW).shape[1])
        answer = F.linear(_flat(images_BCHW), matrix).view(images_BCHW.shape[0], self.out_channels, *self.sides_after)
        return answer if self.bias is None else answer + self.bias[:, None, None]


def _sides_after(module: nn.Conv2d, sides: Sides) -> Sides:
    steps = zip(sides, _pair(module.padding), module.kernel_size, module.stride, strict=True)
    high, wide = ((side + 2 * padding - kernel) // stride + 1 for side, padding, kernel, stride in steps)
    return high, wide


def _joins(module: nn.Conv2d, sides: Sides) -> Tensor:
    """(places after · places before, K · T) 1 where a weight joins two places."""
    rows, columns = (_along(module, sides, axis) for axis in (0, 1))
    return torch.einsum("aik,bjt->abijkt", rows, columns).flatten(4).flatten(0, 3)


def _along(module: nn.Conv2d, sides: Sides, axis: int) -> Tensor:
    """(after, before, kernel) of one axis: 1 where before = after · stride + kernel − padding."""
    after, before = _sides_after(module, sides)[axis], sides[axis]
    joined = torch.zeros(after, before, module.kernel_size[axis])
    for place in range(after):
        first = place * module.stride[axis] - _pair(module.padding)[axis]
        for offset in range(module.kernel_size[axis]):
            if 0 <= first + offset < before:
                joined[place, first + offset, offset] = 1.0
    return joined


def _flat(images_BCHW: Tensor) -> Tensor:
    """(B, H · W · C), as it lies with channels last."""
    return images_BCHW.permute(0, 2, 3, 1).flatten(1)


def _pair(padding: str | tuple[int, ...]) -> Sides:
    assert not isinstance(padding, str)
    high, wide = padding
    return high, wide
