"""Varied batches of the training part, as functions of (seed, epoch, step, sample)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mpt_studio.data.dataset import Dataset, Images, Indices
from mpt_studio.data.fit import Form, Whole
from mpt_studio.engine.images import ImageFeed, split
from mpt_studio.engine.machine.ranks import ALONE, Ranks
from mpt_studio.engine.train import order
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.train.varied.batch import Batch, Targets
from mpt_studio.engine.train.varied.draws import Draws
from mpt_studio.engine.train.varied.variation import OfImages


class Feed(Protocol):
    """Samples by their places in ``indices``, on a device: images, or what a network made of them."""

    @property
    def indices(self) -> Indices: ...
    @property
    def device(self) -> torch.device: ...
    def __len__(self) -> int: ...
    def batches(self, picks: list[Tensor]) -> Iterator[Tensor]: ...


class TrainingFeed:
    """Varied batches of the training part, in an order that is a pure function of (seed, epoch).

    Args:
        labels_N: (N,) int64 columns of the version's head, checked by ``head_labels``.
        parts: in how many a batch is computed.
    """

    def __init__(
        self,
        images: Feed,
        labels_N: Tensor,
        batch_size: int,
        augmentation: Augmentation,
        parts: int = 1,
        ranks: Ranks = ALONE,
    ) -> None:
        self.parts, self.ranks = parts, ranks
        self.images, self.batch_size, self.augmentation = images, batch_size, augmentation
        self.labels_N = labels_N.to(images.device)
        self.samples_N = torch.from_numpy(images.indices.astype(np.int64))
        self.steps = order.steps_per_epoch(len(images), batch_size)

    def batches(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The epoch's batches from the step ``first`` on: what of each is this rank's."""
        how, device = self.augmentation, self.images.device
        whole = order.epoch_order(how.seed, epoch, len(self.images)).to(device)  # once, not batch by batch
        wholes = split(whole, self.batch_size)[first : self.steps]
        shares = [self.ranks.share(len(pick), self.parts) for pick in wholes]
        picks = [share.of(pick) for share, pick in zip(shares, wholes, strict=True)]
        draws = Draws(how.seed, epoch, self.samples_N, device)
        brought, done = self._brought(picks, epoch)
        for step, (pick, share, pixels) in enumerate(zip(picks, shares, brought, strict=True), first):
            yield how.apply(Batch(pixels, Targets(self.labels_N[pick]), pick, step, share), draws, done)

    def _brought(self, picks: list[Tensor], epoch: int) -> tuple[Iterator[Tensor], tuple[OfImages, ...]]:
        """Batches of images, and the steps that loader processes have done to them."""
        images, steps = self.images, self.augmentation.of_images
        if not isinstance(images, ImageFeed) or images.held is not None or not steps:
            return images.batches(picks), ()
        return images.batches(picks, Varied(self.augmentation, epoch, images.form)), steps


@dataclass(frozen=True)
class Varied:
    """What loader processes do where there are steps that take one image after the other."""

    how: Augmentation
    epoch: int
    form: Form
    """Whole images, where the first step cuts them."""

    def __call__(self, dataset: Dataset, samples: Indices) -> Images:
        draws = Draws(self.how.seed, self.epoch, torch.from_numpy(samples.astype(np.int64)), torch.device("cpu"))
        if isinstance(self.form, Whole):
            images = dataset.wholes(samples, self.form.shorter)
        else:
            images = list(dataset.batch(samples, self.form.asked))
        for step in self.how.of_images:
            images = step.vary(images, draws)
        return np.stack(images)
