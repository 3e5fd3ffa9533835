"""Random parts of random size, resized to the network's input.

Shape letters: B batch, S side of what comes out, H W pixels of what goes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from mpt_studio.data.dataset import Images
from mpt_studio.data.fit import Whole
from mpt_studio.engine.train.varied.batch import Batch
from mpt_studio.engine.train.varied.draws import Draws, Stream
from mpt_studio.engine.train.varied.variation import OfImages, Wanted

LARGEST_PADDED = 64
"""Pixels; larger inputs are of photographs, which are cut and not padded with black."""
AREA_FROM_SCRATCH, AREA_WHEN_FINE_TUNING = 0.08, 0.35
MOST_ASPECT = 4 / 3
ATTEMPTS = 10
"""As torchvision has them: then the centre is taken, with an aspect that is allowed."""

Windows = npt.NDArray[np.int64]
"""(N, 4): top, left, height and width in pixels of the image."""


def crop_of(wanted: Wanted) -> str:
    """The recipe's crop, decided."""
    asked = wanted.recipe.images.crop
    if asked != "auto":
        return asked
    if wanted.as_they_are:
        return "pad" if wanted.recipe.training.crop_padding > 0 else "centre"
    return "pad" if wanted.size <= LARGEST_PADDED else "resized"


@dataclass(frozen=True)
class ResizedCrop(OfImages):
    """A part of a random share of the whole picture, of a random aspect, resized with bilinear antialiasing.

    On CPUs an image becomes the same bits wherever it is done; other devices round otherwise, by a level or two.
    """

    size: int
    smallest_area: float

    @classmethod
    def of(cls, wanted: Wanted) -> ResizedCrop | None:
        auto = AREA_WHEN_FINE_TUNING if wanted.fine_tuned else AREA_FROM_SCRATCH
        return cls(wanted.size, wanted.recipe.images.crop_area or auto) if crop_of(wanted) == "resized" else None

    @property
    def takes(self) -> Whole:
        """What is cut: more would cost time and show nothing more."""
        return Whole.of(self.size)

    def vary(self, images: Sequence[Images], draws: Draws) -> list[Images]:
        sides = np.array([image.shape[:2] for image in images])
        windows = self.windows(draws, *sides.T).tolist()
        return [resized(_cut(image, window), self.size) for image, window in zip(images, windows, strict=True)]

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        images = batch.images_BSS3
        if images.device.type == "cpu":
            return super().apply(batch, draws)
        sides = [np.full(len(draws.samples_N), side) for side in images.shape[1:3]]
        windows_N4 = draws.once(self, lambda: torch.from_numpy(self.windows(draws, *sides)))
        return replace(batch, images_BSS3=resized_together(images, windows_N4[batch.rows_B], self.size))

    def windows(self, draws: Draws, heights_N: Windows, widths_N: Windows) -> Windows:
        """By torchvision's law: area uniform, aspect uniform in its logarithm, the place uniform."""
        whole_N2 = np.stack([heights_N, widths_N], axis=1)
        sides_N2, found_N = _centred(whole_N2), np.zeros(len(whole_N2), dtype=bool)
        for attempt in range(ATTEMPTS):
            shares = self.smallest_area + (1 - self.smallest_area) * draws.shares_N(Stream.AREA, attempt)
            aspects = MOST_ASPECT ** (2 * draws.shares_N(Stream.ASPECT, attempt) - 1)
            areas = heights_N * widths_N * shares
            tried_N2 = np.rint(np.sqrt([areas / aspects, areas * aspects])).astype(np.int64).T
            fits_N = ((tried_N2 > 0) & (tried_N2 <= whole_N2)).all(axis=1) & ~found_N
            sides_N2[fits_N] = tried_N2[fits_N]
            found_N |= fits_N
            if found_N.all():
                break
        random_N2 = np.stack([draws.shares_N(Stream.TOP), draws.shares_N(Stream.LEFT)], axis=1)
        random_N2[~found_N] = 0.5
        places_N2 = np.floor(random_N2 * (whole_N2 - sides_N2 + found_N[:, None])).astype(np.int64)
        return np.concatenate([places_N2, sides_N2], axis=1)


def _centred(whole_N2: Windows) -> Windows:
    """The largest height and width with an aspect that is allowed."""
    largest_N2: Windows = np.rint(whole_N2[:, ::-1] * MOST_ASPECT).astype(np.int64)
    return np.minimum(whole_N2, largest_N2)


def _cut(image: Images, window: Sequence[int]) -> Images:
    top, left, height, width = window
    return image[top : top + height, left : left + width].copy()  # PyTorch warns of what is read-only


def resized(image: Images, size: int) -> Images:
    """(H, W, 3) → (size, size, 3), on the CPU: a sixth of Pillow's time, as the channels lie where they lay."""
    pixels = torch.from_numpy(image)[None].permute(0, 3, 1, 2)
    made: Images = F.interpolate(pixels, (size, size), mode="bilinear", antialias=True)[0].permute(1, 2, 0).numpy()
    return made


def resized_together(images_BHW3: Tensor, windows_B4: Tensor, size: int) -> Tensor:
    """(B, size, size, 3): windows of images of one size as two products, which no device has to be asked about."""
    batch, height, width, _ = images_BHW3.shape
    top_B, left_B, heights_B, widths_B = windows_B4.unbind(1)
    rows_BSH = _weights(top_B, heights_B, height, size)
    columns_BSW = _weights(left_B, widths_B, width, size)
    cut = torch.bmm(rows_BSH, images_BHW3.float().reshape(batch, height, width * 3)).reshape(batch, size, width, 3)
    made = torch.einsum("bcw,brwk->brck", columns_BSW, cut)
    return made.round_().clamp_(0, 255).to(torch.uint8)


def _weights(start_B: Tensor, length_B: Tensor, side: int, size: int) -> Tensor:
    """(B, size, side) how much of each pixel of a side is in each pixel that comes out of its window."""
    device = start_B.device
    scale_B11 = length_B[:, None, None] / size
    middle_BS1 = start_B[:, None, None] + (torch.arange(size, device=device)[None, :, None] + 0.5) * scale_B11
    pixels = torch.arange(side, device=device)
    inside_B1W = (pixels >= start_B[:, None, None]) & (pixels < (start_B + length_B)[:, None, None])
    distances = (pixels + 0.5 - middle_BS1).abs() / scale_B11.clamp(min=1.0)
    weights = (1.0 - distances).clamp_(min=0.0) * inside_B1W
    return weights / weights.sum(dim=2, keepdim=True)
