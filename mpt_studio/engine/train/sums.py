"""Losses and right answers of an epoch, summed on the device and read only now and then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mpt_studio.engine.machine.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Totals:
    """Sums over the images since the epoch began, on the CPU."""

    totals: dict[str, float]
    """Loss part → sum over images."""
    right: float
    images: int

    @property
    def is_finite(self) -> bool:
        return all(math.isfinite(value) for value in self.totals.values())

    def means_since(self, earlier: Totals | None) -> dict[str, float]:
        """Mean losses per image since an earlier reading of the same epoch."""
        before = earlier.totals if earlier else {}
        images = self.images - (earlier.images if earlier else 0)
        return {name: (total - before.get(name, 0.0)) / max(1, images) for name, total in self.totals.items()}

    @property
    def accuracy(self) -> float:
        return self.right / max(1, self.images)


class RunningSums:
    """Sums in float64 (float32 on MPS, which has no float64); adding costs no wait for the device."""

    def __init__(self, device: torch.device, ranks: Ranks = ALONE) -> None:
        self.device, self.ranks = device, ranks
        self.dtype = torch.float32 if device.type == "mps" else torch.float64
        self.names: tuple[str, ...] = ()
        self.sums = torch.zeros(0, dtype=self.dtype, device=self.device)
        """(parts + 2,): sums over images of each part and of right answers, and the number of images."""

    def reset(self) -> None:
        self.sums.zero_()

    def add(self, parts: Mapping[str, Tensor], right: Tensor, images: int) -> None:
        """Add a batch: mean loss parts (scalars), number of right answers (scalar), number of images."""
        if self.names != tuple(parts):  # an epoch's first step, where the method's parts join
            self.names = tuple(parts)
            self.sums = torch.zeros(len(parts) + 2, dtype=self.dtype, device=self.device)
        losses = torch.stack([parts[name].detach().to(self.dtype) for name in self.names])
        self.sums[:-1] += torch.cat([losses * images, right.to(self.dtype).reshape(1)])
        self.sums[-1] += images

    def read(self) -> Totals:
        """Wait for the device and copy the sums of all ranks, which are the first one's from then on."""
        *totals, right, images = self.ranks.total(self.sums).tolist() if self.names else [0.0, 0.0]
        self._leave_to_the_first()
        return Totals(dict(zip(self.names, totals, strict=True)), right, int(images))

    def restore(self, names: tuple[str, ...], sums: Tensor) -> None:
        """Go on from another's ``names`` and ``sums``. Raises ``ValueError`` where they do not belong together."""
        if names and len(sums) != len(names) + 2:
            raise ValueError(f"{len(sums)} sums for {len(names)} parts")
        self.names, self.sums = names, sums.to(self.device, self.dtype)
        self._leave_to_the_first()

    def _leave_to_the_first(self) -> None:
        if not self.ranks.is_first:
            self.reset()
