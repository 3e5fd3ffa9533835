"""Where to look inside any network: found by one forward pass with hooks, without a table of architectures.

The head is the last linear or convolutional module that makes one output per class. The spatial layer is the last
module whose output is a square map of the image (channels first or last, or the patch tokens of a transformer) through
which everything passes that the head knows of the image: neither one branch of a block beside others, nor the patch
tokens that leave a vision transformer's last block, which nothing reads.

Shape letters: B batch, C channels, D features, G side of the map in places, S side of the image in pixels, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor, nn

from mpt_studio.engine.networks.head import Seen, calls_of, last_of
from mpt_studio.errors import UserError

LEAST_SIDE = 4
"""Coarser maps are passed over where there is a finer one: networks made for photographs end at 1×1 on small images."""


@dataclass(frozen=True)
class Layers:
    """Names of modules, as in ``network.named_modules()``."""

    head: str
    spatial: str


@contextmanager
def watched(network: nn.Module, name: str) -> Iterator[Seen]:
    """Record the last call of one module; the hook is gone afterwards, so the network can be used by others."""
    seen = Seen()

    def note(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.inputs[:], seen.outputs[:] = [inputs[0]], [output]

    handle = network.get_submodule(name).register_forward_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def find_layers(network: nn.Module, image_size: int, classes: int) -> Layers:
    """The layers of a network in evaluation mode. Raises ``UserError`` for a network without them.

    Costs one forward pass of a random image and a backward pass for each map that is tried.
    """
    home = next(network.parameters()).device
    noise = torch.Generator().manual_seed(0)
    image = torch.randn(1, 3, image_size, image_size, generator=noise).to(home).requires_grad_()
    calls = calls_of(network, image)
    head = last_of(network, calls, classes)
    taken = calls[head].inputs[0]  # and not the logits: the head of a fresh network may be all zeros
    score = (taken * torch.randn(taken.shape, generator=noise).to(home)).sum()
    return Layers(head=head, spatial=_spatial(network, calls, score, image))


def as_map(output: Tensor) -> Tensor | None:
    """(B, C, G, G) view of a square feature map or of patch tokens; None for anything else, such as a pooled vector."""
    if output.ndim == 4:
        if output.shape[2] == output.shape[3] > 1:
            return output
        return output.permute(0, 3, 1, 2) if output.shape[1] == output.shape[2] > 1 else None
    if output.ndim != 3:
        return None
    extra = output.shape[1] - isqrt(output.shape[1]) ** 2
    tokens = output if extra == 0 else output[:, 1:]  # a class token comes first
    side = isqrt(tokens.shape[1])
    if side < 2 or side**2 != tokens.shape[1]:
        return None
    return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)


def _spatial(network: nn.Module, calls: dict[str, Seen], score: Tensor, image: Tensor) -> str:
    sides = {name: found.shape[-1] for name, seen in calls.items() if (found := as_map(seen.outputs[0])) is not None}
    sides = {name: side for name, side in sides.items() if not _stretches(network.get_submodule(name))}
    fine = min(LEAST_SIDE, max(sides.values(), default=0))
    (whole,) = torch.autograd.grad(score, image, retain_graph=True)
    for name in reversed(sides):
        if sides[name] >= fine and _passes_all(calls[name].outputs[0], score, image, whole):
            return name
    raise UserError("This network keeps no map of the image, so where it looks cannot be shown.")


def _stretches(module: nn.Module) -> bool:
    """Pooling to a fixed size, as before VGG's head, may repeat places and so promise more detail than there is."""
    return isinstance(module, nn.AdaptiveAvgPool2d)


def _passes_all(output: Tensor, score: Tensor, image: Tensor, whole: Tensor) -> bool:
    """Whether the places of ``output`` have a part in the score, and the chain rule through it gives all of it."""
    if not output.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(score, output, retain_graph=True, allow_unused=True)
    places = None if gradient is None else as_map(gradient)
    if places is None or not places.any():
        return False
    (through,) = torch.autograd.grad(output, image, gradient, retain_graph=True, allow_unused=True)
    return through is not None and bool((through - whole).abs().max() <= 1e-3 * whole.abs().max())
