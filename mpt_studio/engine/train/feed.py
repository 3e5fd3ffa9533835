"""Augmented batches of the training part: order and augmentation are pure functions of (seed, epoch, step, sample)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mpt_studio.data.dataset import Indices
from mpt_studio.engine.images import split
from mpt_studio.engine.train import order
from mpt_studio.engine.train.augment import Augmentation, Batch, Draws


class Feed(Protocol):
    """Samples by their places in ``indices``, on a device: images, or what a network made of them."""

    @property
    def indices(self) -> Indices: ...
    @property
    def device(self) -> torch.device: ...
    def __len__(self) -> int: ...
    def batches(self, picks: list[Tensor]) -> Iterator[Tensor]: ...


class TrainingFeed:
    """Augmented batches of the training part, in an order that is a pure function of (seed, epoch).

    Args:
        labels_N: (N,) int64 columns of the version's head, checked by ``head_labels``.
    """

    def __init__(self, images: Feed, labels_N: Tensor, batch_size: int, augmentation: Augmentation) -> None:
        self.images, self.batch_size, self.augmentation = images, batch_size, augmentation
        self.labels_N = labels_N.to(images.device)
        self.samples_N = torch.from_numpy(images.indices.astype(np.int64))
        self.steps = order.steps_per_epoch(len(images), batch_size)

    def batches(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The epoch's batches from the step ``first`` on."""
        how, device = self.augmentation, self.images.device
        whole = order.epoch_order(how.seed, epoch, len(self.images)).to(device)  # once, not batch by batch
        picks = split(whole, self.batch_size)[first : self.steps]
        draws = Draws(how.seed, epoch, self.samples_N, device)
        for step, (pick, pixels) in enumerate(zip(picks, self.images.batches(picks), strict=True), first):
            yield how.apply(Batch(pixels, self.labels_N[pick], pick, step), draws)
