"""A network together with its preprocessing: uint8 images in, logits out; teachers are versions that do not learn.

Shape letters: B batch, C classes, S side of the square images in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.data.fit import Fit
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.errors import UserError


class Normalise(nn.Module):
    """(B, S, S, 3) uint8 → (B, 3, size, size) float32, scaled to 0…1 and normalised per channel.

    Pictures of another size are resized here: a teacher whose input is larger or smaller than the update's gets the
    update's augmented batches that way, without its own crop. Everywhere else a version gets images of its own fit.
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.size = preprocessing.image_size
        mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
        self.register_buffer("scale", (1.0 / (255.0 * std)).repeat(self.size))
        self.register_buffer("shift", (-mean / std).repeat(self.size))

    def forward(self, images_BSS3: Tensor) -> Tensor:
        images = images_BSS3.to(torch.float32)  # a new tensor, so what follows can be done in its place
        if images.shape[2] != self.size:
            images = _resized(images, self.size)
        rows = images.reshape(-1, 3 * self.size)  # whole rows of pixels: three channels alone are too short for a loop
        rows.mul_(self.scale).add_(self.shift)  # type: ignore[arg-type]
        return rows.reshape(-1, self.size, self.size, 3).permute(0, 3, 1, 2)  # channels last without a copy of its own


def _resized(images_BSS3: Tensor, size: int) -> Tensor:
    images = F.interpolate(images_BSS3.permute(0, 3, 1, 2), size=(size, size), mode="bilinear", antialias=True)
    return images.permute(0, 2, 3, 1)


class FrozenVersion:
    """A version that only answers: evaluation mode, no gradients.

    ``network`` stands in for the checkpoint's weights on disk, where it is given.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, network: nn.Module | None = None) -> None:
        self.checkpoint = checkpoint
        self.class_names = checkpoint.class_names
        self.fit = Fit.of(checkpoint.preprocessing)
        self.device = device
        self.network = devices.place(
            load_network(checkpoint, device) if network is None else network, device
        ).requires_grad_(False)
        self.normalise = Normalise(checkpoint.preprocessing).to(device)

    @torch.no_grad()
    def logits(self, images_BSS3: Tensor) -> Tensor:
        """(B, C) logits of uint8 images, in the arithmetic of the surrounding autocast."""
        logits: Tensor = self.network(self.normalise(images_BSS3))
        return logits


class MeanTeacher:
    """Mean logits of reference models, columns in the order of the update: ELODI's ensemble, or one model.

    Raises ``UserError`` where a model's classes are not those of the update.
    """

    def __init__(self, members: Sequence[FrozenVersion], class_names: tuple[str, ...]) -> None:
        self.members = members
        self.columns = [columns_of(member, class_names) for member in members]

    def logits(self, images_BSS3: Tensor) -> Tensor:
        """(B, C) float32."""
        answers = zip(self.members, self.columns, strict=True)
        return torch.stack([member.logits(images_BSS3).float()[:, columns] for member, columns in answers]).mean(dim=0)


def columns_of(member: FrozenVersion, class_names: tuple[str, ...]) -> Tensor:
    """(C,) int64 columns of a reference model in the update's order. Raises ``UserError`` where classes differ."""
    position = {name: i for i, name in enumerate(member.class_names)}
    if set(position) != set(class_names):
        odd = sorted(set(position) ^ set(class_names))[0]
        raise UserError(
            f"The reference model {member.checkpoint.path} and the update do not have the same classes "
            f"({odd!r} is in only one of them); train a reference model on the update's classes."
        )
    return torch.tensor([position[name] for name in class_names], device=member.device)
