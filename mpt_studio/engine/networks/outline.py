"""Networks without memory: every module is real, the weights have shapes only.

Building on torch's meta device alone fails for networks that compute with numbers while they are made (RegNets, many
of timm's), so only uninitialised memory, which is what weights start as, goes to the meta device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

_FILLS = (torch.Tensor.normal_, torch.Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_)


def without_memory(make: Callable[[], nn.Module]) -> nn.Module:
    """The network that ``make`` builds, with its weights on the meta device; small constants stay real if they can.

    They cannot where a network is run while it is made, as hybrids of convolutions and transformers are.
    """
    try:
        with _OnMeta((torch.empty,)), torch.no_grad():
            return make()
    except RuntimeError as error:
        if "meta" not in str(error):
            raise
    with _OnMeta((torch.empty, torch.zeros, torch.ones)), torch.no_grad():
        return make()


class _OnMeta(TorchFunctionMode):
    """Sends what the given functions make to the meta device."""

    def __init__(self, makers: tuple[Callable[..., Any], ...]) -> None:
        super().__init__()
        self.makers = makers

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in _FILLS:
            tensor = args[0] if args else given["tensor"]
            if tensor.is_meta:  # there is nothing to fill, and torch would import its compiler for it
                return tensor
        return func(*args, **{**given, **({"device": "meta"} if func in self.makers else {})})


def without_filling(make: Callable[[], nn.Module]) -> nn.Module:
    """The network that ``make`` builds, its random weights left as the memory was: for one that gets others at once.

    Drawing ResNet-18's takes 0.17 s, as long as reading them from disk.
    """
    with _Unfilled(), torch.no_grad():
        return make()


class _Unfilled(TorchFunctionMode):
    """Leaves out weights' random numbers.

    Other tensors get theirs: torch draws a truncated normal distribution again until all of it lies within its bounds,
    which it never would if that were left out too.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in _FILLS:
            tensor = args[0] if args else given["tensor"]
            if isinstance(tensor, nn.Parameter):
                return tensor
        return func(*args, **given)


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all that a network saves."""
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@torch.no_grad()
def outlined(network: nn.Module, images: int, size: int) -> Any:
    """The network's answer to that many images, without memory or arithmetic; its weights stay as they are."""
    outline = {
        name: tensor.detach().to("meta")
        for prefix, module in network.named_modules()  # each once, though it may have several names
        for name, tensor in (*module.named_parameters(prefix, recurse=False), *module.named_buffers(prefix, False))
    }
    with torch.device("meta"):
        return functional_call(network, outline, (torch.empty(images, 3, size, size),), tie_weights=False)
