"""Where a version's weights come from: a function for each way, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.train.parts import Parts


@dataclass(frozen=True, kw_only=True)
class Start:
    """Initial weights and what belongs to them."""

    network: nn.Module
    """On the CPU; it takes the version's images and answers one logit per class."""
    preprocessing: Preprocessing | None = None
    """Of the images that the weights are used to; None: as the training images need it."""


def scratch(parts: Parts) -> Start:
    """Weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(parts.recipe.training.seed)
        return Start(network=networks.build_for(parts.recipe.model, len(parts.class_names), parts.image_size))


STARTS: dict[str, Callable[[Parts], Start]] = {"scratch": scratch}
"""Each raises ``UserError`` for what it cannot begin with."""


def begin(parts: Parts) -> Start:
    """The start that the recipe asks for."""
    return STARTS["scratch"](parts)
