"""Weights under another port's names, tried once: they have to answer, and not the same to every image."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.engine.networks import build as networks
from mpt_studio.errors import UserError

IMAGES = 3
_CLASSES = 10
"""Outputs of the head that a backbone is tried with."""
_LEAST = 1e-6
"""Of the largest answer, by which answers have to differ."""


@torch.no_grad()
def check(tensors: Mapping[str, Tensor], checkpoint: Checkpoint) -> None:
    """Raise ``UserError`` (the end of a sentence) where these weights compute nothing of use as that architecture."""
    size, classes = checkpoint.preprocessing.image_size, len(checkpoint.class_names) or _CLASSES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = networks.build(checkpoint.architecture, classes, checkpoint.small_stem, size)
        images = _images(checkpoint)
    own = network.state_dict()
    own.update(tensors)
    network.load_state_dict(own)
    answers = network.eval()(images).double()
    problem = _problem(answers)
    if problem:
        raise UserError(f"is not {checkpoint.architecture}, though its tensors agree in order and shape: {problem}")


def _problem(answers: Tensor) -> str:
    if not bool(answers.isfinite().all()):
        return "it answers with infinite or undefined numbers"
    least = _LEAST * float(answers.abs().max())
    if float(answers.amax(1).sub(answers.amin(1)).min()) <= least:
        return "it gives all classes the same score"
    if float(answers.amax(0).sub(answers.amin(0)).max()) <= least:
        return "it answers the same to all images"
    return ""


def _images(checkpoint: Checkpoint) -> Tensor:
    """Different smooth images, which weights that were trained on photographs take for more than noise."""
    way = checkpoint.preprocessing
    coarse = torch.rand(IMAGES, 3, 5, 5)
    fine = interpolate(coarse, (way.image_size, way.image_size), mode="bilinear", align_corners=False)
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (way.mean, way.std))
    return (fine - mean) / std
