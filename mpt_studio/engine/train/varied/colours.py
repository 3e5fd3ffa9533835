"""Steps that change what colours an image has, or take torchvision's policies.

Shape letters: B batch, N samples of an epoch, S side of the images in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mpt_studio.data.dataset import Images
from mpt_studio.engine.train.varied.batch import Batch
from mpt_studio.engine.train.varied.draws import Draws, Stream
from mpt_studio.engine.train.varied.variation import OfImages, Variation, Wanted

GREY = np.array([0.299, 0.587, 0.114])
"""How much of red, green and blue is in a grey."""


@dataclass(frozen=True)
class Policy(OfImages):
    """torchvision's TrivialAugmentWide, or its RandAugment of two operations of magnitude 9, on Pillow images.

    They draw from torch's generator: a seed for each (seed, epoch, sample) makes them a pure function of it.
    """

    policy: Literal["trivial", "rand"]

    @classmethod
    def of(cls, wanted: Wanted) -> Policy | None:
        policy = wanted.recipe.images.auto_augment
        if policy == "none":
            return None
        from torchvision.transforms import v2  # noqa: F401 - takes 0.4 s, which loader processes then spare

        return cls(policy)

    def vary(self, images: Sequence[Images], draws: Draws) -> list[Images]:
        from torchvision.transforms import v2

        transform = v2.TrivialAugmentWide() if self.policy == "trivial" else v2.RandAugment(num_ops=2, magnitude=9)
        made = []
        with torch.random.fork_rng(devices=[]):
            for image, seed in zip(images, draws.numbers_N(Stream.POLICY).tolist(), strict=True):
                torch.default_generator.manual_seed(seed)
                made.append(np.array(transform(Image.fromarray(image))))
        return made


@dataclass(frozen=True)
class ColourJitter(Variation):
    """Brightness, contrast and saturation times a factor each, uniform in 1 ± ``colour_jitter``.

    Cut to 0 … 255 once at the end; without cuts in between, torchvision's three make the same in any order. So they
    are one product of each pixel with a matrix of the image's own, and a shift by the image's mean grey.
    """

    colour_jitter: float

    @classmethod
    def of(cls, wanted: Wanted) -> ColourJitter | None:
        strength = wanted.recipe.images.colour_jitter
        return cls(strength) if strength else None

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        images = batch.images_BSS3
        how_B43 = draws.once(self, lambda: self._how_N43(draws))[batch.rows_B]
        pixels_BP3 = images.reshape(len(images), -1, 3).float()
        shift_B11 = (pixels_BP3.mean(dim=1) * how_B43[:, 3]).sum(dim=1)[:, None, None]
        made = torch.baddbmm(shift_B11, pixels_BP3, how_B43[:, :3])
        return replace(batch, images_BSS3=made.round_().clamp_(0, 255).to(torch.uint8).reshape(images.shape))

    def _how_N43(self, draws: Draws) -> Tensor:
        """Of each sample the matrix, and below it what the mean colour adds."""
        streams = (Stream.BRIGHTNESS, Stream.CONTRAST, Stream.SATURATION)
        brightness, contrast, saturation = (
            (1 + self.colour_jitter * (2 * draws.shares_N(stream) - 1))[:, None, None] for stream in streams
        )
        grey_33 = np.tile(GREY[:, None], (1, 3))
        matrix_N33 = brightness * contrast * (saturation * np.eye(3) + (1 - saturation) * grey_33)
        shift_N13 = brightness * (1 - contrast) * GREY
        return torch.from_numpy(np.concatenate([matrix_N33, shift_N13], axis=1).astype(np.float32))
