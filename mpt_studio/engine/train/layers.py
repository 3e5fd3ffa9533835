"""Which layer a parameter is of, how fast it learns and whether it decays.

Layer-wise learning rates: Bao et al. (BEiT), ICLR 2022, with timm's groups for timm's networks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from torch import nn

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
    names = [name for name, _ in network.named_parameters()]
    number = _timm_groups(network) if hasattr(network, "group_matcher") else _numbered(names)
    number |= {name: max(number.values()) + 1 for name in names if name.startswith(f"{head}.")}
    order = {group: place for place, group in enumerate(sorted(set(number.values())))}
    return {name: len(order) - 1 - order[number[name]] for name in names}


def _timm_groups(network: Any) -> dict[str, int]:
    from timm.models import group_parameters

    found: dict[str, int] = group_parameters(network, network.group_matcher(coarse=False), reverse=True)
    return found


def _numbered(names: list[str]) -> dict[str, int]:
    """Blocks in the order in which the network lists them."""
    place = {block: number for number, block in enumerate(dict.fromkeys(map(_block, names)))}
    return {name: place[_block(name)] for name in names}


def _block(name: str) -> str:
    """The part of a parameter's name that tells its block: up to its first number, and one that follows at once.

    "layer1.0.conv1.weight" is of "layer1.0", "encoder.layers.encoder_layer_3.mlp.0.bias" of "….encoder_layer_3"; what
    has no number, as "conv1.weight", is a block by its first word.
    """
    words = name.split(".")[:-1] or [name]
    first = next((i for i, word in enumerate(words) if _NUMBERED.search(word)), None)
    if first is None:
        return words[0]
    last = first + 1 if first + 1 < len(words) and words[first + 1].isdigit() else first
    return ".".join(words[: last + 1])
