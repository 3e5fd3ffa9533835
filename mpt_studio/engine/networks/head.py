"""The last layer of any network, found by one forward pass with hooks; and a logit offset put into its bias.

Shape letters: B batch, C classes, S side of the image in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mpt_studio.errors import UserError


@dataclass
class Seen:
    """What a module took and gave in the last forward pass."""

    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)


@torch.no_grad()
def fold_offset(network: nn.Module, image_size: int, offset_C: Tensor) -> bool:
    """Subtract an offset from a network's logits by changing its last bias, in place.

    False, and nothing is changed, where there is no such bias or more than an addition follows it.
    """
    image = torch.randn(2, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    before = network(image)
    try:
        head = network.get_submodule(last_of(network, calls_of(network, image), len(offset_C)))
    except UserError:
        return False
    bias = head.bias
    if not isinstance(bias, Tensor) or len(bias) != len(offset_C):
        return False
    trained = bias.clone()
    bias.sub_(offset_C)
    if torch.allclose(network(image), before - offset_C, rtol=1e-4, atol=1e-4):
        return True
    bias.copy_(trained)
    return False


@torch.no_grad()
def ends_in(network: nn.Module, head: str, image_size: int) -> bool:
    """Whether the network's answers are those of its last layer to what that is given, and nothing follows."""
    image = torch.randn(2, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    training = network.training
    answers = network.eval()(image)
    last = calls_of(network, image)[head].outputs[0]
    network.train(training)
    return bool(torch.equal(answers, last))


def calls_of(network: nn.Module, image: Tensor) -> dict[str, Seen]:
    """The last call of each module that maps a tensor to a tensor, by name, in the order of the calls' ends."""
    calls: dict[str, Seen] = {}

    def noting(name: str) -> RemovableHandle:
        def note(_module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            calls.pop(name, None)
            if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
                calls[name] = Seen([inputs[0]], [output])

        return network.get_submodule(name).register_forward_hook(note)

    handles = [noting(name) for name, _ in network.named_modules() if name]
    try:
        network(image)
    finally:
        for handle in handles:
            handle.remove()
    return calls


def last_of(network: nn.Module, calls: dict[str, Seen], classes: int) -> str:
    """The last linear or convolutional module that makes one output per class. Raises ``UserError``."""
    for name, seen in reversed(calls.items()):
        if isinstance(network.get_submodule(name), nn.Linear | nn.Conv2d) and seen.outputs[0].shape[1] == classes:
            return name
    raise UserError("This network has no layer with one output per class, so its features cannot be read.")
