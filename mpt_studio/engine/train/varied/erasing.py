"""Random rectangles that are hidden. Shape letters: B batch, N samples of an epoch, S side of the images in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mpt_studio.engine.train.varied.batch import Batch
from mpt_studio.engine.train.varied.draws import Draws, Stream
from mpt_studio.engine.train.varied.variation import Variation, Wanted

SMALLEST, LARGEST = 0.02, 0.33
"""Share of the image's area; with the aspect, Zhong et al.'s and torchvision's."""
MOST_ASPECT = 3.3
ATTEMPTS = 10
COLOUR = (124, 116, 104)
"""The mean of photographs (ImageNet's), which most networks are given as about 0."""


@dataclass(frozen=True)
class Erase(Variation):
    """With the chance ``erase`` a rectangle of random size, aspect and place takes on one colour."""

    erase: float

    @classmethod
    def of(cls, wanted: Wanted) -> Erase | None:
        chance = wanted.recipe.images.erase
        return cls(chance) if chance else None

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        images = batch.images_BSS3
        size = images.shape[1]
        ends_N4 = draws.once((self, size), lambda: self._rectangles_N4(draws, size))
        top_B1, left_B1, bottom_B1, right_B1 = ends_N4[batch.rows_B].T[..., None]
        places = torch.arange(size, device=images.device)
        rows_BS = (places >= top_B1) & (places < bottom_B1)
        columns_BS = (places >= left_B1) & (places < right_B1)
        hidden_BSS = rows_BS[:, :, None] & columns_BS[:, None, :]
        for channel, value in enumerate(COLOUR):
            images[..., channel].masked_fill_(hidden_BSS, value)
        return batch

    def _rectangles_N4(self, draws: Draws, size: int) -> Tensor:
        """Top, left, bottom and right of each sample's, which is empty where nothing is erased."""
        sides_2N = np.zeros((2, len(draws.samples_N)), dtype=np.int64)
        open_N = draws.shares_N(Stream.ERASED) < self.erase
        for attempt in range(ATTEMPTS):
            areas = size**2 * (SMALLEST + (LARGEST - SMALLEST) * draws.shares_N(Stream.ERASED_AREA, attempt))
            aspects = MOST_ASPECT ** (2 * draws.shares_N(Stream.ERASED_ASPECT, attempt) - 1)
            tried_2N = np.rint(np.sqrt([areas * aspects, areas / aspects])).astype(np.int64)
            fits = open_N & (tried_2N < size).all(axis=0)
            sides_2N[:, fits] = tried_2N[:, fits]
            open_N &= ~fits
            if not open_N.any():
                break
        random_2N = np.stack([draws.shares_N(Stream.ERASED_TOP), draws.shares_N(Stream.ERASED_LEFT)])
        starts_2N = np.floor(random_2N * (size - sides_2N + 1)).astype(np.int64)
        return torch.from_numpy(np.concatenate([starts_2N, starts_2N + sides_2N]).T.copy())
