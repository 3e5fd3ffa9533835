"""Random crop with padding and horizontal flip, on the device, for a whole batch at once.

The published semantics: the uint8 image is padded with black before normalisation, cropped back to its size at a
uniform place, and mirrored with probability one half. Shape letters: B batch, N samples, H W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mpt_studio.engine import order


@dataclass(frozen=True)
class Draws:
    """What the augmentation does to each sample."""

    row_N: Tensor
    """(N,) int64 first row of the crop in the padded image, 0 … 2·padding."""
    column_N: Tensor
    """(N,) the same for columns."""
    mirror_N: Tensor
    """(N,) bool."""

    def to(self, device: torch.device) -> Draws:
        return Draws(self.row_N.to(device), self.column_N.to(device), self.mirror_N.to(device))

    def take(self, where: Tensor | slice) -> Draws:
        return Draws(self.row_N[where], self.column_N[where], self.mirror_N[where])


def draw(seed: int, epoch: int, samples_N: Tensor, padding: int, mirror: bool) -> Draws:
    """Draws for samples by their number in the data set: a pure function of (seed, epoch, sample)."""
    places = 2 * padding + 1
    return Draws(
        row_N=order.draws_N(order.key(seed, epoch, order.ROW), samples_N) % places,
        column_N=order.draws_N(order.key(seed, epoch, order.COLUMN), samples_N) % places,
        mirror_N=(order.draws_N(order.key(seed, epoch, order.MIRROR), samples_N) % 2 == 1) & mirror,
    )


def apply(images_BHW3: Tensor, draws: Draws, padding: int) -> Tensor:
    """(B, H, W, 3) uint8 → the same shape, cropped and mirrored by one gather."""
    height, width = images_BHW3.shape[1:3]
    padded = F.pad(images_BHW3, (0, 0, padding, padding, padding, padding)) if padding else images_BHW3
    rows_BH = draws.row_N[:, None] + torch.arange(height, device=padded.device)
    across_W = torch.arange(width, device=padded.device)
    across_BW = torch.where(draws.mirror_N[:, None], width - 1 - across_W, across_W)
    columns_BW = draws.column_N[:, None] + across_BW
    batch_B = torch.arange(len(padded), device=padded.device)
    return padded[batch_B[:, None, None], rows_BH[:, :, None], columns_BW[:, None, :]]
