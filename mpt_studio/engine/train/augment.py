"""How training images are varied: steps, one after the other, for a whole batch at once on its device.

A step is a frozen dataclass: its fields are all that it does beyond the draws, ``of`` makes it of a recipe, ``apply``
changes a batch as a pure function of (seed, epoch, step, sample), so that a resumed run is exact and candidates share
their teachers' answers. A new one is a class here, a line in ``STEPS`` and a field of the recipe; it may change the
images' size, and their labels. Shape letters: B batch, N samples of an epoch, H W pixels, S side of what comes out.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import IntEnum, unique
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from mpt_studio.data.dataset import Dataset
from mpt_studio.engine.train import order
from mpt_studio.recipe import Training


@dataclass(frozen=True)
class Batch:
    """Images and labels of one step, on the device."""

    images_BSS3: Tensor
    """(B, S, S, 3) uint8, the batch's own: steps may work in their place."""
    labels_B: Tensor
    """(B,) int64 columns of the version's head."""
    rows_B: Tensor
    """(B,) int64 positions of the samples in the training part."""
    step: int
    """Of the epoch, counted from 0."""

    def parts(self, count: int) -> list[Batch]:
        """The batch cut into at most ``count`` parts of nearly equal size, none of a single image where that can be."""
        count = max(1, min(count, len(self.labels_B) // 2))
        if count == 1:
            return [self]
        cut = (values.tensor_split(count) for values in (self.images_BSS3, self.labels_B, self.rows_B))
        return [Batch(images, labels, rows, self.step) for images, labels, rows in zip(*cut, strict=True)]


@unique
class Stream(IntEnum):
    """What numbers are drawn for: a stream for each purpose. 1 and 5 are ``order``'s."""

    ROW = 2
    COLUMN = 3
    MIRROR = 4


class Draws:
    """Random numbers of an epoch: for each sample one of every stream, a pure function of (seed, epoch, sample)."""

    def __init__(self, seed: int, epoch: int, samples_N: Tensor, device: torch.device) -> None:
        self.seed, self.epoch, self.samples_N, self.device = seed, epoch, samples_N, device
        self._drawn_N: dict[int, Tensor] = {}

    def of(self, stream: Stream, rows_B: Tensor) -> Tensor:
        """(B,) int64 ≥ 0, uniform over 62 bits."""
        if stream not in self._drawn_N:  # for the whole epoch, on the CPU: a GPU would start a dozen kernels each time
            drawn_N = order.draws_N(order.key(self.seed, self.epoch, stream), self.samples_N)
            self._drawn_N[stream] = drawn_N.to(self.device)
        return self._drawn_N[stream][rows_B]


@dataclass(frozen=True)
class Variation(ABC):
    """One step. Its fields are told, and decide which answers of teachers are kept for whom."""

    @classmethod
    @abstractmethod
    def of(cls, training: Training, dataset: Dataset, size: int) -> Variation:
        """As the recipe wants it, for images of ``size`` pixels."""

    @property
    @abstractmethod
    def is_still(self) -> bool:
        """Whether it leaves every image as it is."""

    @abstractmethod
    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """The batch, varied."""


@dataclass(frozen=True)
class PadCrop(Variation):
    """Padded with black before normalisation, cropped back to its size at a uniform place: the published semantics."""

    crop_padding: int

    @classmethod
    def of(cls, training: Training, dataset: Dataset, size: int) -> PadCrop:
        return cls(training.crop_padding if training.crop_padding >= 0 else size // 8)

    @property
    def is_still(self) -> bool:
        return not self.crop_padding

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        places, images = 2 * self.crop_padding + 1, batch.images_BSS3
        rows_B, columns_B = (draws.of(stream, batch.rows_B) % places for stream in (Stream.ROW, Stream.COLUMN))
        padded = F.pad(images, (0, 0, *[self.crop_padding] * 4)) if self.crop_padding else images
        crop = _by_rows if padded.device.type == "cpu" else _by_one_gather
        return replace(batch, images_BSS3=crop(padded, rows_B, columns_B, *images.shape[1:3]))


def _by_one_gather(padded_BHW3: Tensor, rows_B: Tensor, columns_B: Tensor, height: int, width: int) -> Tensor:
    """Pixel by pixel, all at once."""
    device = padded_BHW3.device
    rows_BH = rows_B[:, None] + torch.arange(height, device=device)
    columns_BW = columns_B[:, None] + torch.arange(width, device=device)
    batch_B = torch.arange(len(padded_BHW3), device=device)
    return padded_BHW3[batch_B[:, None, None], rows_BH[:, :, None], columns_BW[:, None, :]]


def _by_rows(padded_BHW3: Tensor, rows_B: Tensor, columns_B: Tensor, height: int, width: int) -> Tensor:
    """Whole rows of pixels, four times as fast on a CPU."""
    windows = sliding_window_view(padded_BHW3.numpy(), (height, width), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return torch.from_numpy(windows[np.arange(len(windows)), rows_B.numpy(), columns_B.numpy()])


@dataclass(frozen=True)
class Mirror(Variation):
    """Left and right change places with probability one half."""

    horizontal_flip: bool

    @classmethod
    def of(cls, training: Training, dataset: Dataset, size: int) -> Mirror:
        return cls(dataset.flips_horizontally if training.flip == "auto" else training.flip == "on")

    @property
    def is_still(self) -> bool:
        return not self.horizontal_flip

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        if not self.horizontal_flip:
            return batch
        images, mirrored_B = batch.images_BSS3, draws.of(Stream.MIRROR, batch.rows_B) % 2 == 1
        if images.device.type != "cpu":
            return replace(batch, images_BSS3=torch.where(mirrored_B[:, None, None, None], images.flip(2), images))
        pixels, which = images.numpy(), mirrored_B.numpy()  # twenty times as fast as torch's own
        pixels[which] = pixels[which, :, ::-1]
        return batch


STEPS: tuple[type[Variation], ...] = (PadCrop, Mirror)
"""In the order in which they are applied."""


@dataclass(frozen=True)
class Augmentation:
    """The steps of a training and the seed of their draws. Equal ones show the same images, whatever else differs."""

    seed: int
    steps: tuple[Variation, ...]

    @classmethod
    def of(cls, training: Training, dataset: Dataset, size: int) -> Augmentation:
        return cls(training.seed, tuple(step.of(training, dataset, size) for step in STEPS))

    @property
    def is_still(self) -> bool:
        """Whether every epoch shows the images as they are."""
        return all(step.is_still for step in self.steps)

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        for variation in self.steps:
            batch = variation.apply(batch, draws)
        return batch

    def settings(self) -> dict[str, Any]:
        """Every field of every step, for people."""
        return {name: value for step in self.steps for name, value in dataclasses.asdict(step).items()}
