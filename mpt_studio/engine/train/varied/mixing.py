"""Two images in one, with the labels of both. Shape letters: B batch, S side of the images in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mpt_studio.engine.train import order
from mpt_studio.engine.train.varied.batch import Batch, Targets
from mpt_studio.engine.train.varied.draws import Draws, Stream
from mpt_studio.engine.train.varied.variation import Variation, Wanted
from mpt_studio.errors import UserError
from mpt_studio.recipe import Images


def check_mixing(images: Images, classes: int) -> None:
    """Raise ``UserError`` where images are to be mixed of which there is but one class."""
    if (images.mixup or images.cutmix) and classes < 2:
        raise UserError(
            "mixup and CutMix mix images of different classes and need at least two classes; "
            f"this version has {classes}: set both to 0, or give it more classes."
        )


@dataclass(frozen=True)
class Mix(Variation):
    """Each image with its partner: mixup (Zhang et al., ICLR 2018) or CutMix (Yun et al., ICCV 2019).

    λ is drawn from Beta(α, α), the rectangle of CutMix too, once for a batch, from (seed, epoch, step). An image's
    partner is as far from the batch's end as the image is from its beginning: one alone, or in the middle, is its own.
    """

    mixup: float
    cutmix: float

    @classmethod
    def of(cls, wanted: Wanted) -> Mix | None:
        images = wanted.recipe.images
        if not images.mixup and not images.cutmix:
            return None
        check_mixing(images, wanted.classes)
        return cls(images.mixup, images.cutmix)

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        random = np.random.RandomState(_words(order.key(draws.seed, draws.epoch, Stream.MIX, batch.step)))
        cuts = bool(self.cutmix) and (not self.mixup or random.random_sample() < 0.5)
        alpha = self.cutmix if cuts else self.mixup
        share = float(random.beta(alpha, alpha))
        images, share = _pasted(batch.images_BSS3, share, random) if cuts else _blended(batch.images_BSS3, share)
        labels_B = batch.targets.labels_B
        return replace(batch, images_BSS3=images, targets=Targets(labels_B, labels_B.flip(0), share))


def _words(key: int) -> list[int]:
    """A seed for numpy's ``RandomState``, the one generator whose numbers never change from version to version."""
    return [key & 0xFFFFFFFF, key >> 32]


def _blended(images_BSS3: Tensor, share: float) -> tuple[Tensor, float]:
    mixed = torch.lerp(images_BSS3.flip(0).float(), images_BSS3.float(), share)
    return mixed.round_().to(torch.uint8), share


def _pasted(images_BSS3: Tensor, share: float, random: np.random.RandomState) -> tuple[Tensor, float]:
    """A rectangle of the partner, of 1 − λ of the area, cut off at the borders; and the share that is left."""
    height, width = images_BSS3.shape[1:3]
    cut = math.sqrt(1.0 - share)
    (top, bottom), (left, right) = (_span(side, cut, random) for side in (height, width))
    images_BSS3[:, top:bottom, left:right] = images_BSS3[:, top:bottom, left:right].flip(0)
    return images_BSS3, 1.0 - (bottom - top) * (right - left) / (height * width)


def _span(side: int, share: float, random: np.random.RandomState) -> tuple[int, int]:
    middle, half = int(random.randint(side)), int(side * share) // 2
    return max(0, middle - half), min(side, middle + half)
