"""Which layer a parameter is of, how fast it learns and whether it decays.

Layer-wise learning rates: Bao et al. (BEiT), ICLR 2022, with timm's groups for timm's networks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from torch import Tensor, nn

_NUMBERED = re.compile(r"\d")


@dataclass(frozen=True)
class Pace:
    """What an optimizer group has of its own."""

    lr_scale: float
    """Factor of the learning rate."""
    decays: bool
    """Whether its parameters decay."""
    is_head: bool = False
    """Whether they are of a last layer that learns before the rest does."""


def paces(network: nn.Module, head: str, layer_decay: float, fine_tuned: bool) -> dict[str, Pace]:
    """Of every parameter, by name. The head is at full speed, a layer n groups below it at ``layer_decay`` ** n.

    Only what multiplies decays in a network that is ``fine_tuned``: biases, norms, position embeddings and class tokens
    stay where they were trained to; from scratch everything decays, as published.
    """
    below = _groups_below(network, head) if layer_decay != 1.0 else {}
    kept = _told_not_to_decay(network) if fine_tuned else set()
    return {
        name: Pace(
            lr_scale=layer_decay ** below.get(name, 0),
            decays=not fine_tuned or (value.ndim > 1 and name not in kept),
            is_head=bool(head) and name.startswith(f"{head}."),
        )
        for name, value in network.named_parameters()
    }


def _told_not_to_decay(network: Any) -> set[str]:
    """Position embeddings and tokens: as timm's networks say, or by torchvision's names for them."""
    told = set(network.no_weight_decay()) if hasattr(network, "no_weight_decay") else set()
    usual = ("pos_embedding", "class_token", "relative_position_bias_table")
    return told | {name for name, _ in network.named_parameters() if name.rpartition(".")[2] in usual}


def _groups_below(network: Any, head: str) -> dict[str, int]:
    """Parameter → number of layer groups between it and the head."""
    values = dict(network.named_parameters())
    of_head = [name for name in values if name.startswith(f"{head}.")]
    if hasattr(network, "group_matcher"):
        number = _timm_groups(network)
        last = max(number.values())  # where timm's head is, and a norm right before it
    else:
        number = _numbered({name: value for name, value in values.items() if name not in of_head})
        last = max(number.values(), default=0) + 1
    number |= dict.fromkeys(of_head, last)
    order = {group: place for place, group in enumerate(sorted(set(number.values())))}
    return {name: len(order) - 1 - order[number[name]] for name in values}


def _timm_groups(network: Any) -> dict[str, int]:
    from timm.models import group_parameters

    found: dict[str, int] = group_parameters(network, network.group_matcher(coarse=False), reverse=True)
    return found


def _numbered(values: Mapping[str, Tensor]) -> dict[str, int]:
    """Blocks in the order in which the network lists them; a norm between two is of the one before it."""
    number: dict[str, int] = {}
    place = 0
    for _, names in groupby(values, _block):
        block = list(names)
        place += bool(number) and any(values[name].ndim > 1 for name in block)
        number |= dict.fromkeys(block, place)
    return number


def _block(name: str) -> str:
    """The part of a parameter's name that tells its block: up to its first number, and one that follows at once.

    "layer1.0.conv1.weight" is of "layer1.0", "encoder.layers.encoder_layer_3.mlp.0.bias" of "….encoder_layer_3"; what
    has no number, as class tokens and position embeddings, is one block with what stands beside it.
    """
    words = name.split(".")[:-1]
    first = next((i for i, word in enumerate(words) if _NUMBERED.search(word)), None)
    if first is None:
        return ""
    last = first + 1 if first + 1 < len(words) and words[first + 1].isdigit() else first
    return ".".join(words[: last + 1])
