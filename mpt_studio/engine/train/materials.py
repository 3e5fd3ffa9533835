"""What a run needs besides its network: images, teachers, the loss, and the validation part's fixed answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.data.fit import Fit
from mpt_studio.engine.images import ImageFeed, Report, head_labels, in_order, loaders
from mpt_studio.engine.machine.ranks import ALONE, Ranks
from mpt_studio.engine.train.feed import Feed, TrainingFeed
from mpt_studio.engine.train.kept_answers import KeptAnswers, Teaching
from mpt_studio.engine.train.losses import MethodLoss, class_weights, match_columns
from mpt_studio.engine.train.metrics import Floats, Validation
from mpt_studio.engine.train.old_models import OldModel, old_model
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.version import FrozenVersion, MeanTeacher, Normalise

VALIDATION_BATCH = 128


@dataclass(frozen=True, kw_only=True)
class Materials:
    """Everything on the device that training reads and never changes."""

    feed: TrainingFeed
    normalise: nn.Module
    loss: MethodLoss
    old: Teaching | None
    """The old model where it is a teacher."""
    references: Teaching | None
    validation: Validation
    validation_images: Feed
    ranks: Ranks = ALONE

    def begin_epoch(self, epoch: int, first_step: int) -> None:
        for teacher in filter(None, (self.old, self.references)):
            teacher.begin(epoch, first_step)

    def end_epoch(self) -> list[str]:
        """Sentences about answers that were kept and could not be used."""
        return [said for teacher in filter(None, (self.old, self.references)) if (said := teacher.end())]

    def validation_logits(self, network: nn.Module) -> Floats:
        """(N, C) float32 of a network in evaluation mode on the validation part."""
        network.eval()
        return _answers(self.validation_images, lambda images: network(self.normalise(images)), self.ranks)


def gather(
    parts: Parts, plan: Plan, preprocessing: Preprocessing, report: Report | None = None, ranks: Ranks = ALONE
) -> Materials:
    """Read images, load teachers, let the old model answer the validation part once."""
    device, training, dataset = plan.device, parts.recipe.training, parts.dataset
    old = old_model(parts.old, device)
    seen = Fit.of(preprocessing)
    validation_images = ImageFeed(dataset, parts.validation, seen, device, plan.on_device, report)
    form, workers = plan.training_form(preprocessing), loaders() if plan.works_in_loaders else None
    images = ImageFeed(dataset, parts.train, form, device, plan.held_size > 0, report, workers)
    labels = head_labels(dataset, parts.train, parts.class_names)
    return Materials(
        feed=TrainingFeed(images, labels, training.batch_size, plan.augmentation, training.accumulate, ranks),
        normalise=Normalise(preprocessing).to(device),
        loss=loss_of(parts, labels, device),
        old=_taught_by(parts, plan, images, old, ranks) if old and parts.recipe.method.needs_old else None,
        references=_references(parts, plan, images, ranks),
        validation=judged(parts, _said(old, validation_images, ranks, report) if old else None),
        validation_images=validation_images,
        ranks=ranks,
    )


def loss_of(parts: Parts, labels_N: Tensor, device: torch.device) -> MethodLoss:
    """The method's loss with the old model's and the update's columns; ``labels_N`` are those of the training part."""
    old_columns = match_columns(parts.class_names, parts.known_to_old).to(device)
    new_columns = match_columns(parts.class_names, parts.class_names).to(device)
    training = parts.recipe.training
    weights = class_weights(labels_N, len(parts.class_names), training.balance)
    weights = None if weights is None else weights.to(device)
    return MethodLoss(parts.recipe.method, old_columns, new_columns, training.label_smoothing, weights)


def _taught_by(parts: Parts, plan: Plan, images: ImageFeed, old: OldModel, ranks: Ranks) -> Teaching:
    return old.teacher(parts.train, lambda version: _kept(parts, plan, images, version, (version.checkpoint,), ranks))


def _said(old: OldModel, images: ImageFeed, ranks: Ranks, report: Report | None) -> list[str]:
    def ask(version: FrozenVersion) -> Floats:
        return _answers(_as_seen_by(version, images, report), version.logits, ranks, report)

    return old.answers(images.indices, ask)


def _references(parts: Parts, plan: Plan, images: ImageFeed, ranks: Ranks) -> Teaching | None:
    members = [FrozenVersion(checkpoint, plan.device) for checkpoint in parts.references]
    if not members:
        return None
    return _kept(parts, plan, images, MeanTeacher(members, parts.class_names), parts.references, ranks)


def _kept(
    parts: Parts,
    plan: Plan,
    images: ImageFeed,
    teacher: FrozenVersion | MeanTeacher,
    checkpoints: Sequence[Checkpoint],
    ranks: Ranks,
) -> KeptAnswers:
    """Its answers are kept under everything that decides them."""
    training, where = parts.recipe.training, ranks.told_alike(plan.device)
    identity = (
        tuple(checkpoint.sha256() for checkpoint in checkpoints) if parts.answers else (),
        parts.class_names,
        parts.dataset.fingerprint,
        hashlib.sha256(np.ascontiguousarray(parts.train, dtype="<i8").tobytes()).hexdigest(),
        (plan.augmentation, training.batch_size),
        (images.form, parts.dataset.stored(images.form), images.held is None, plan.precision, where),
    )
    return KeptAnswers(
        teacher,
        parts.answers,
        identity,
        samples=len(parts.train),
        asked=min(len(parts.train), plan.steps_per_epoch * training.batch_size),
        epochs=training.epochs,
        ranks=ranks,
    )


def _as_seen_by(version: FrozenVersion, images: ImageFeed, report: Report | None) -> ImageFeed:
    """The same samples as the old model sees them where it is deployed; only training batches are resized for it."""
    if version.fit == images.fit:
        return images
    return ImageFeed(images.dataset, images.indices, version.fit, images.device, False, report)


def judged(parts: Parts, answers: Sequence[str] | None) -> Validation:
    """The validation part, and the classes that the old model, where there is one, answers to it."""
    truth = head_labels(parts.dataset, parts.validation, parts.class_names).numpy()
    ids = parts.dataset.sample_ids[parts.validation]
    return Validation(ids, truth, parts.class_names, answers, parts.known_to_old)


@torch.no_grad()
def _answers(images: Feed, answer: Callable[[Tensor], Tensor], ranks: Ranks, report: Report | None = None) -> Floats:
    """(N, C) float32 on the CPU; ``report`` may end it by raising. Each batch is one rank's, whoever they are."""
    picks, mine = in_order(len(images), VALIDATION_BATCH), []
    for done, batch in enumerate(images.batches(list(ranks.mine(picks)))):
        if report:
            report("Asking the old model about the validation part", done * ranks.count / len(picks))
        mine.append(answer(batch).float())
    found = ranks.joined(mine)
    return torch.cat(found).cpu().numpy() if found else np.zeros((0, 1), dtype=np.float32)
