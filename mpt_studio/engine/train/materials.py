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
from mpt_studio.engine.train.feed import Feed, TrainingFeed
from mpt_studio.engine.train.kept_answers import KeptAnswers, Teaching
from mpt_studio.engine.train.losses import MethodLoss, class_weights, match_columns
from mpt_studio.engine.train.metrics import Floats, Validation
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.version import FrozenVersion, MeanTeacher, Normalise
from mpt_studio.errors import UserError

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

    def begin_epoch(self, epoch: int, first_step: int) -> None:
        for teacher in filter(None, (self.old, self.references)):
            teacher.begin(epoch, first_step)

    def end_epoch(self) -> None:
        for teacher in filter(None, (self.old, self.references)):
            teacher.end()

    def validation_logits(self, network: nn.Module) -> Floats:
        """(N, C) float32 of a network in evaluation mode on the validation part."""
        network.eval()
        return _answers(self.validation_images, lambda images: network(self.normalise(images)))


def gather(parts: Parts, plan: Plan, preprocessing: Preprocessing, report: Report | None = None) -> Materials:
    """Read images, load teachers, let the old model answer the validation part once."""
    device, training, dataset = plan.device, parts.recipe.training, parts.dataset
    old = FrozenVersion(parts.old, device) if parts.old else None
    seen = Fit.of(preprocessing)
    validation_images = ImageFeed(dataset, parts.validation, seen, device, plan.on_device, report)
    form, workers = plan.training_form(preprocessing), loaders() if plan.works_in_loaders else None
    images = ImageFeed(dataset, parts.train, form, device, plan.held_size > 0, report, workers)
    labels = head_labels(dataset, parts.train, parts.class_names)
    return Materials(
        feed=TrainingFeed(images, labels, training.batch_size, plan.augmentation),
        normalise=Normalise(preprocessing).to(device),
        loss=loss_of(parts, labels, device),
        old=_teacher(parts, plan, images, old, (parts.old,)) if parts.recipe.method.needs_old else None,
        references=_teacher(parts, plan, images, _references(parts, device), parts.references),
        validation=judged(parts, _old_answers(old, validation_images, report), old),
        validation_images=validation_images,
    )


def loss_of(parts: Parts, labels_N: Tensor, device: torch.device) -> MethodLoss:
    """The method's loss with the old model's and the update's columns; ``labels_N`` are those of the training part."""
    old_columns = match_columns(parts.class_names, parts.known_to_old).to(device)
    new_columns = match_columns(parts.class_names, parts.class_names).to(device)
    training = parts.recipe.training
    weights = class_weights(labels_N, len(parts.class_names), training.balance)
    weights = None if weights is None else weights.to(device)
    return MethodLoss(parts.recipe.method, old_columns, new_columns, training.label_smoothing, weights)


def _references(parts: Parts, device: torch.device) -> MeanTeacher | None:
    members = [FrozenVersion(checkpoint, device) for checkpoint in parts.references]
    return MeanTeacher(members, parts.class_names) if members else None


def _teacher(
    parts: Parts,
    plan: Plan,
    images: ImageFeed,
    teacher: FrozenVersion | MeanTeacher | None,
    checkpoints: Sequence[Checkpoint | None],
) -> KeptAnswers | None:
    """Its answers are kept under everything that decides them."""
    if teacher is None:
        return None
    training = parts.recipe.training
    identity = (
        tuple(checkpoint.sha256() for checkpoint in checkpoints if checkpoint) if parts.answers else (),
        parts.class_names,
        parts.dataset.fingerprint,
        hashlib.sha256(np.ascontiguousarray(parts.train, dtype="<i8").tobytes()).hexdigest(),
        (plan.augmentation, training.batch_size),
        (images.form, parts.dataset.stored(images.form), images.held is None, plan.precision, str(plan.device)),
    )
    return KeptAnswers(
        teacher,
        parts.answers,
        identity,
        samples=len(parts.train),
        asked=min(len(parts.train), plan.steps_per_epoch * training.batch_size),
        epochs=training.epochs,
    )


def _old_answers(old: FrozenVersion | None, images: ImageFeed, report: Report | None) -> Floats | None:
    """To the same samples as it sees them where it is deployed; only training batches are resized for it."""
    if old is None:
        return None
    if old.fit != images.fit:
        images = ImageFeed(images.dataset, images.indices, old.fit, images.device, False, report)
    return _answers(images, old.logits)


def judged(parts: Parts, logits_NK: Floats | None, old: FrozenVersion | None) -> Validation:
    """The validation part and what the old model, where there is one, answers to it. Raises ``UserError``."""
    answers = None
    if old is not None and logits_NK is not None:
        if not np.isfinite(logits_NK.max(axis=1)).all():
            raise UserError(
                f"The old model {old.checkpoint.name} gives answers that are not finite; use another version."
            )
        answers = [old.class_names[column] for column in logits_NK.argmax(axis=1)]
    truth = head_labels(parts.dataset, parts.validation, parts.class_names).numpy()
    ids = parts.dataset.sample_ids[parts.validation]
    return Validation(ids, truth, parts.class_names, answers, parts.known_to_old)


@torch.no_grad()
def _answers(images: Feed, answer: Callable[[Tensor], Tensor]) -> Floats:
    """(N, C) float32 on the CPU."""
    found = [answer(batch).float() for batch in images.batches(in_order(len(images), VALIDATION_BATCH))]
    return torch.cat(found).cpu().numpy() if found else np.zeros((0, 1), dtype=np.float32)
