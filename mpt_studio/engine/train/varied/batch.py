"""What a training step works on: images, and what they show.

Shape letters: B batch, S side of the square images in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mpt_studio.engine.machine.ranks import ALL, Share


@dataclass(frozen=True)
class Targets:
    """What the images of a batch show: a class each, or two where images were mixed."""

    labels_B: Tensor
    """(B,) int64 columns of the version's head."""
    others_B: Tensor | None = None
    """(B,) the same for what was mixed in; None where nothing was."""
    share: float = 1.0
    """λ: how much of each image is of ``labels_B``; the rest is of ``others_B``."""

    def __len__(self) -> int:
        return len(self.labels_B)

    @property
    def main_B(self) -> Tensor:
        """(B,) the class that the larger part of each image shows: a right answer is counted against it."""
        return self.labels_B if self.others_B is None or self.share >= 0.5 else self.others_B

    def averaged(self, of: Callable[[Tensor], Tensor]) -> Tensor:
        """λ·of(labels) + (1 − λ)·of(others); of(labels) alone, to the bit, where nothing was mixed."""
        first = of(self.labels_B)
        return first if self.others_B is None else self.share * first + (1.0 - self.share) * of(self.others_B)

    def parts(self, count: int | tuple[int, ...]) -> list[Targets]:
        """Cut like ``Tensor.tensor_split``."""
        labels = self.labels_B.tensor_split(count)
        others = [None] * len(labels) if self.others_B is None else self.others_B.tensor_split(count)
        return [Targets(mine, other, self.share) for mine, other in zip(labels, others, strict=True)]


def as_targets(targets: Tensor | Targets) -> Targets:
    """Labels alone are targets into which nothing was mixed."""
    return targets if isinstance(targets, Targets) else Targets(targets)


@dataclass(frozen=True)
class Batch:
    """Images of one step and what they show, on the device."""

    images_BSS3: Tensor
    """(B, S, S, 3) uint8, the batch's own: steps may work in their place."""
    targets: Targets
    rows_B: Tensor
    """(B,) int64 positions of the samples in the training part."""
    step: int
    """Of the epoch, counted from 0."""
    share: Share = ALL
    """What this is of the step's batch."""

    def parts(self, count: int) -> list[Batch]:
        """The batch cut into at most ``count`` parts of nearly equal size, none of a single image where that can be."""
        count = max(1, min(count, len(self.targets) // 2))
        cuts: int | tuple[int, ...] = self.share.cuts or count
        if cuts == 1:
            return [self]
        cut = (self.images_BSS3.tensor_split(cuts), self.targets.parts(cuts), self.rows_B.tensor_split(cuts))
        return [Batch(images, targets, rows, self.step, self.share) for images, targets, rows in zip(*cut, strict=True)]
