"""Augmented batches of the training part: order and augmentation are pure functions of (seed, epoch, sample)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mpt_studio.engine.images import ImageFeed, split
from mpt_studio.engine.train import augment, order


@dataclass(frozen=True)
class Batch:
    """Images and labels of one step, on the device."""

    images_BSS3: Tensor
    """(B, S, S, 3) uint8, augmented."""
    labels_B: Tensor
    """(B,) int64 columns of the version's head."""
    rows_B: Tensor
    """(B,) int64 positions of the samples in the training part."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How training images are varied."""

    seed: int
    padding: int
    mirror: bool


class TrainingFeed:
    """Augmented batches of the training part, in an order that is a pure function of (seed, epoch).

    Args:
        labels_N: (N,) int64 columns of the version's head, checked by ``head_labels``.
    """

    def __init__(self, images: ImageFeed, labels_N: Tensor, batch_size: int, augmentation: Augmentation) -> None:
        self.images, self.batch_size, self.augmentation = images, batch_size, augmentation
        self.labels_N = labels_N.to(images.device)
        self.samples_N = torch.from_numpy(images.indices.astype(np.int64))
        self.steps = order.steps_per_epoch(len(images), batch_size)

    def batches(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The epoch's batches from the step ``first`` on."""
        how = self.augmentation
        whole = order.epoch_order(how.seed, epoch, len(self.images)).to(self.images.device)  # once, not batch by batch
        picks = split(whole, self.batch_size)[first : self.steps]
        draws = augment.draw(how.seed, epoch, self.samples_N, how.padding, how.mirror).to(self.images.device)
        for pick, pixels in zip(picks, self.images.batches(picks), strict=True):
            yield Batch(augment.apply(pixels, draws.take(pick), how.padding), self.labels_N[pick], pick)
