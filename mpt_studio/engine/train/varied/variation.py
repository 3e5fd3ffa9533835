"""What a step is that varies training images.

A step is a frozen dataclass: its fields are all that it does beyond the draws, ``of`` makes it of a recipe, ``apply``
changes a batch as a pure function of (seed, epoch, step, sample), so that a resumed run is exact and candidates share
their teachers' answers. A new one is a class in this room, a line in ``augmentation.STEPS`` and a field of the recipe;
it may change the images' size, and what they show.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from mpt_studio.data.dataset import Dataset, Images
from mpt_studio.engine.train.varied.batch import Batch
from mpt_studio.engine.train.varied.draws import Draws
from mpt_studio.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What steps are made of."""

    recipe: Recipe
    dataset: Dataset
    size: int
    """Side of the network's input in pixels."""
    classes: int
    """Of the version."""
    fine_tuned: bool = False
    """Whether training begins with weights that have learned before."""

    @property
    def as_they_are(self) -> bool:
        """Whether "auto" varies nothing: where all but the head is frozen, images are looked at once."""
        return self.recipe.start.freeze < 0


@dataclass(frozen=True)
class Variation(ABC):
    """One step. Its fields are told, and decide which answers of teachers are kept for whom."""

    @classmethod
    @abstractmethod
    def of(cls, wanted: Wanted) -> Variation | None:
        """As the recipe wants it; None where it does not."""

    @abstractmethod
    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """The batch, varied on its device."""


@dataclass(frozen=True)
class OfImages(Variation):
    """A step that takes one image after the other, on the CPU: in loader processes, where images come from them."""

    @abstractmethod
    def vary(self, images: Sequence[Images], draws: Draws) -> list[Images]:
        """(H, W, 3) uint8 each, which are not to be changed; the draws are those of these images, in their order."""

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        samples_B = draws.samples_N[batch.rows_B.cpu()]
        its_own = Draws(draws.seed, draws.epoch, samples_B, torch.device("cpu"))
        varied = np.stack(self.vary(list(batch.images_BSS3.cpu().numpy()), its_own))
        return replace(batch, images_BSS3=torch.from_numpy(varied).to(batch.images_BSS3.device))
