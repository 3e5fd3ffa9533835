"""What torchvision records of the weights that it publishes: preprocessing, class names, the start of their hash."""

from __future__ import annotations

from typing import Any

import torchvision

from mpt_studio.checkpoint import Interpolation, Preprocessing

HALF = (0.5, 0.5, 0.5)
_OWN_NORMALISATION = ("googlenet", "inception_v3")
"""Made with ``transform_input=True`` from published weights: the network itself turns ImageNet's normalisation into
one to −1…1. Our networks are built without, so that the preprocessing says it."""


def find(arch: str, sha256: str) -> Any:
    """The published weights whose file has this hash (the name of the file holds its first eight digits), or None."""
    if not sha256:
        return None
    return next((w for w in torchvision.models.get_model_weights(arch) if f"-{sha256[:8]}." in w.url), None)


def default(arch: str) -> Any:
    """The weights that torchvision recommends."""
    return torchvision.models.get_model_weights(arch).DEFAULT


def preprocessing(weights: Any) -> Preprocessing:
    """The transforms of published weights."""
    transforms = weights.transforms()
    kind: Interpolation = transforms.interpolation.value
    own = type(weights).__name__.lower().startswith(tuple(name.replace("_", "") for name in _OWN_NORMALISATION))
    own = own or type(weights).__name__.lower().startswith(_OWN_NORMALISATION)
    return Preprocessing(
        image_size=transforms.crop_size[0],
        resize=transforms.resize_size[0],
        mean=HALF if own else tuple(transforms.mean),
        std=HALF if own else tuple(transforms.std),
        interpolation=kind,
    )


def class_names(weights: Any) -> tuple[str, ...]:
    """ImageNet's names in the order of the published heads."""
    return tuple(weights.meta.get("categories", ()))
