"""timm's networks under the names "timm/NAME"; everything else works where timm is not installed."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mpt_studio.errors import UserError, one_sentence

PREFIX = "timm/"


def is_installed() -> bool:
    """Whether timm can be imported, without importing it."""
    return importlib.util.find_spec("timm") is not None


def needed_for(what: str) -> UserError:
    """The error for whoever needs timm and does not have it."""
    return UserError(f'{what} is timm\'s; install it with: pip install "mpt-studio[timm]".')


def exists(arch: str) -> bool:
    """Whether timm has the architecture "timm/NAME". Raises ``UserError`` where timm is not installed."""
    return bool(_timm(arch).is_model(arch.removeprefix(PREFIX)))


@functools.cache
def names() -> tuple[str, ...]:
    """Every "timm/NAME"; none where timm is not installed."""
    return tuple(PREFIX + name for name in _timm("timm").list_models()) if is_installed() else ()


def defaults(arch: str) -> dict[str, Any]:
    """What timm records of the architecture's preferred weights: input_size, mean, std, crop_pct, interpolation …"""
    found = _timm(arch).get_pretrained_cfg(arch.removeprefix(PREFIX))
    return found.to_dict() if found is not None else {}


def build(arch: str, classes: int, image_size: int) -> nn.Module:
    """A freshly initialised network of timm's: (B, 3, H, W) float → (B, classes) logits."""
    options: dict[str, Any] = {"pretrained": False, "num_classes": classes}
    known = defaults(arch)
    if known.get("fixed_input_size") and image_size != known["input_size"][-1]:
        options["img_size"] = image_size
    network: nn.Module = _timm(arch).create_model(arch.removeprefix(PREFIX), **options)
    return network


def published(arch: str) -> dict[str, Tensor]:
    """The weights that timm publishes, at their own size and with their own head. Raises what timm's loader raises."""
    network = _timm(arch).create_model(arch.removeprefix(PREFIX), pretrained=True)
    found: dict[str, Tensor] = network.state_dict()
    return found


def resampled(network: nn.Module, arch: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of another image size as ``network`` needs them, by the architecture's own rule."""
    import sys

    module = sys.modules[type(network).__module__]
    rule = getattr(module, "checkpoint_filter_fn", None) or getattr(module, "_filter_fn", None)
    return dict(rule(dict(tensors), network)) if rule else {}


def _timm(arch: str) -> Any:
    if not is_installed():
        raise needed_for(one_sentence(arch, 60))
    import timm

    return timm
