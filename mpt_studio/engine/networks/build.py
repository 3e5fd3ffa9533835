"""Networks by name: torchvision's and timm's classification models with a head of our size, and "small" for CPUs.

The small-image stem replaces the first convolution by a 3×3 one with stride 1 and drops the max pooling that follows,
the usual form for 32×32 images (He et al., CVPR 2016, section 4.2). Families that have it: ResNet, ResNeXt and wide
ResNet, DenseNet; MobileNet, EfficientNet and RegNet take stride 1 in their first 3×3 convolution. Others have one form.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from mpt_studio import recipe
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.outline import outlined, without_memory
from mpt_studio.engine.networks.small_residual import SmallResidual
from mpt_studio.errors import UserError, one_sentence

SMALL = "small"
SMALL_IMAGES = 64
"""Largest side in pixels for which the small-image stem is the default."""

_RESNETS = ("resnet", "resnext", "wide_resnet")
_FIRST_CONVOLUTION = ("mobilenet", "efficientnet", "regnet")


def architectures() -> tuple[str, ...]:
    """Every name that ``build`` knows, ours first."""
    return (SMALL, *_torchvision_names(), *timm_networks.names())


def has_small_stem(arch: str) -> bool:
    """Whether the family has a form for small images."""
    return arch == SMALL or arch.startswith((*_RESNETS, *_FIRST_CONVOLUTION, "densenet"))


def stem_has_own_tensors(arch: str) -> bool:
    """Whether the small-image stem shows in the weights: its convolution is smaller, not only of another stride."""
    return arch == SMALL or arch.startswith((*_RESNETS, "densenet"))


def stem_is_small(model: recipe.Model, image_size: int) -> bool:
    """Whether the recipe asks for the small-image stem at this size and the family has one."""
    wanted = image_size <= SMALL_IMAGES if model.small_stem == "auto" else model.small_stem == "on"
    return wanted and has_small_stem(model.arch)


def build(arch: str, classes: int, small_stem: bool, image_size: int) -> nn.Module:
    """A freshly initialised network: (B, 3, H, W) float → (B, classes) logits.

    Initial weights come from torch's global generator. Raises ``UserError`` for unknown names and for sizes that the
    network cannot take.
    """
    if arch == SMALL:
        return SmallResidual(classes, small_stem)
    if arch.startswith(timm_networks.PREFIX):
        return timm_networks.build(known(arch), classes, image_size)
    network = _torchvision(arch, classes, image_size)
    if small_stem:
        _shrink_stem(network, arch)
    return network


def build_for(model: recipe.Model, classes: int, image_size: int) -> nn.Module:
    """``build`` for a recipe; the network was shown to take such images. Raises as ``check_architecture`` does."""
    return _tried(model, classes, image_size, lambda make: make())


def check_architecture(model: recipe.Model, classes: int, image_size: int) -> None:
    """Raise ``UserError`` for an unknown name (with the closest ones) or an image size that the network cannot take.

    Costs neither memory nor arithmetic.
    """
    _tried(model, classes, image_size, without_memory)


def _tried(
    model: recipe.Model, classes: int, image_size: int, made: Callable[[Callable[[], nn.Module]], nn.Module]
) -> nn.Module:
    known(model.arch)
    small = stem_is_small(model, image_size)
    try:
        network = made(lambda: build(model.arch, classes, small, image_size))
        answer = outlined(network, 2, image_size)
    except (RuntimeError, ValueError, AssertionError, TypeError) as error:
        raise UserError(
            f"{model.arch} cannot take images of {image_size} pixels ({one_sentence(str(error), 120)}); "
            "set another image size or architecture."
        ) from None
    if not isinstance(answer, Tensor) or tuple(answer.shape) != (2, classes):
        raise UserError(f"{model.arch} does not end in one logit per class; choose another architecture.")
    return network


@functools.cache
def _torchvision_names() -> tuple[str, ...]:
    import torchvision

    return tuple(sorted(torchvision.models.list_models(module=torchvision.models)))


def known(arch: str) -> str:
    """``arch`` itself, if ``build`` knows it. Raises ``UserError`` with the closest names."""
    if arch == SMALL or arch in _torchvision_names():  # "small" must not wait for the import of torchvision
        return arch
    if arch.startswith(timm_networks.PREFIX) and timm_networks.exists(arch):
        return arch
    close = difflib.get_close_matches(arch.lower(), architectures(), n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(close)}?" if close else "use small, a torchvision model or timm/NAME."
    raise UserError(f"There is no architecture {one_sentence(arch, 60)!r}; {hint}")


def _torchvision(arch: str, classes: int, image_size: int) -> nn.Module:
    import torchvision

    maker: Callable[..., nn.Module] = torchvision.models.get_model_builder(known(arch))
    options: dict[str, Any] = {"weights": None, "num_classes": classes}
    if arch.startswith("vit_"):
        options["image_size"] = image_size
    if arch.startswith("maxvit"):
        options["input_size"] = (image_size, image_size)
    if arch in ("googlenet", "inception_v3"):  # their auxiliary heads answer with tuples
        options |= {"aux_logits": False, "init_weights": True}
    accepted = inspect.signature(maker).parameters
    if "progress" in accepted:
        options["progress"] = False
    return maker(**options)


def _shrink_stem(network: Any, arch: str) -> None:
    if arch.startswith(_RESNETS):
        network.conv1 = _three_by_three(network.conv1)
        network.maxpool = nn.Identity()
    elif arch.startswith("densenet"):
        network.features.conv0 = _three_by_three(network.features.conv0)
        network.features.pool0 = nn.Identity()
    elif arch.startswith("regnet"):
        network.stem[0].stride = (1, 1)
    elif arch.startswith(_FIRST_CONVOLUTION):
        first = network.features[0][0] if hasattr(network, "features") else network.layers[0]  # mnasnet has layers
        first.stride = (1, 1)


def _three_by_three(old: nn.Conv2d) -> nn.Conv2d:
    new = nn.Conv2d(old.in_channels, old.out_channels, 3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    return new
