"""Materials for training the last layer of a frozen network: features once, then vectors; teachers' answers likewise.

Images are not varied, so that every epoch of every candidate sees the same vectors: a whole update takes seconds.
Shape letters: B batch, N samples, F features, K classes of a teacher.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from mpt_studio.data.dataset import Indices
from mpt_studio.engine.evaluate import pixel_batches
from mpt_studio.engine.features import Backbone, Report, kept
from mpt_studio.engine.images import head_labels
from mpt_studio.engine.train.feed import TrainingFeed
from mpt_studio.engine.train.kept_answers import Fixed
from mpt_studio.engine.train.materials import Materials, judged, loss_of
from mpt_studio.engine.train.metrics import Floats
from mpt_studio.engine.train.old_models import old_model
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.version import FrozenVersion, columns_of


@dataclass(frozen=True)
class Vectors:
    """Features of some samples on the device, batch by batch: what ``ImageFeed`` is for images."""

    indices: Indices
    held: Tensor
    """(N, F) float32."""

    @property
    def device(self) -> torch.device:
        return self.held.device

    def __len__(self) -> int:
        return len(self.indices)

    def batches(self, picks: list[Tensor]) -> Iterator[Tensor]:
        yield from (self.held[pick.to(self.device)] for pick in picks)


def gather(parts: Parts, plan: Plan, backbone: Backbone, report: Report | None = None) -> Materials:
    """Compute or read features and teachers' answers."""
    dataset, device, training = parts.dataset, plan.device, parts.recipe.training
    looked = {
        "train": backbone.of(dataset, parts.train, report),
        "validation": backbone.of(dataset, parts.validation, report),
    }
    asked = _Asked(parts, backbone, looked, report)
    old, method = old_model(parts.old, device), parts.recipe.method
    vectors = Vectors(parts.train, looked["train"].to(device))
    labels = head_labels(dataset, parts.train, parts.class_names)
    return Materials(
        feed=TrainingFeed(vectors, labels, training.batch_size, Augmentation(training.seed, ())),
        normalise=nn.Identity(),
        loss=loss_of(parts, labels, device),
        old=old.teacher(parts.train, partial(asked.taught_by, device=device)) if old and method.needs_old else None,
        references=asked.references(device),
        validation=judged(parts, old.answers(parts.validation, asked.about_validation) if old else None),
        validation_images=Vectors(parts.validation, looked["validation"].to(device)),
    )


@dataclass(frozen=True)
class _Asked:
    """Teachers' answers to samples as they are."""

    parts: Parts
    backbone: Backbone
    looked: dict[str, Tensor]
    report: Report | None

    def taught_by(self, version: FrozenVersion, device: torch.device) -> Fixed:
        return Fixed(self.about("train", version).to(device))

    def about_validation(self, version: FrozenVersion) -> Floats:
        found: Floats = self.about("validation", version).numpy()
        return found

    def about(self, part: str, version: FrozenVersion) -> Tensor:
        """(N, K) float32 on the CPU. One that shares the frozen network is not asked: its last layer is."""
        mine, dataset = self.backbone, self.parts.dataset
        if version.checkpoint.preprocessing == mine.preprocessing and mine.shares(version.network):
            return replace(mine, network=version.network).answers(self.looked[part])
        indices = self.parts.train if part == "train" else self.parts.validation
        identity = (version.checkpoint.sha256(), "logits", str(mine.device))
        return kept(identity, dataset, indices, lambda: self._logits(version, indices))

    def references(self, device: torch.device) -> Fixed | None:
        """The mean of the reference models' answers, columns in the order of the update."""
        members = [FrozenVersion(checkpoint, device) for checkpoint in self.parts.references]
        if not members:
            return None
        order = [columns_of(member, self.parts.class_names).cpu() for member in members]
        answers = [self.about("train", member)[:, columns] for member, columns in zip(members, order, strict=True)]
        return Fixed(torch.stack(answers).mean(dim=0).to(device))

    @torch.no_grad()
    def _logits(self, version: FrozenVersion, indices: Indices) -> Tensor:
        found: list[Tensor] = []
        for pixels in pixel_batches(self.parts.dataset, indices, version.fit, self.backbone.device, report=self.report):
            found.append(version.logits(pixels).float().cpu())
            if self.report:
                self.report("Asking a teacher once", len(found) * len(pixels) / len(indices))
        return torch.cat(found) if found else torch.zeros(0, 1)
