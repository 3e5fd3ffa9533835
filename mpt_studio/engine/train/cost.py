"""What an image costs on this machine, measured in a few steps of the training itself."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from mpt_studio.data.dataset import Indices
from mpt_studio.data.fit import Form
from mpt_studio.engine.images import in_form
from mpt_studio.engine.interpolation import has_statistics
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.recognise import pretrained
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.trainer import Trainer
from mpt_studio.recipe import Recipe

STEPS = 5
SECONDS = 4.0
"""Measuring ends after so many steps, or after the step in which so much time has gone by."""
READ = 24
"""Images whose reading is timed."""


@dataclass(frozen=True)
class Cost:
    """Seconds for one image."""

    learn: float
    """Forward, backward and the optimizer's step, where all of the network learns."""
    learn_head: float
    """The same where the network below the head is frozen, in the first epochs or always."""
    look: float
    """Forward alone: validation, evaluation, a teacher."""
    read: float
    """Decoding it from its file, by all cores; nothing where that was done before."""
    device: str
    """For people."""
    head_only: bool
    """Whether the network looks at each image once and only its head learns."""
    renews_statistics: bool = False
    """Whether a mixture of two versions needs its statistics of batch normalisation computed anew."""


def measure(parts: Parts) -> Cost:
    """Time a few steps of a training, after one that warms up. Writes nothing; raises what ``Trainer`` raises.

    ``parts`` are those of a training by a method without teachers.
    """
    parts = dataclasses.replace(parts, recipe=_without_download(parts.recipe))
    batch = min(parts.recipe.training.batch_size, len(parts.train))
    few = dataclasses.replace(
        parts,
        recipe=_with_images(parts.recipe),
        train=_spread(parts.train, 2 * batch),
        validation=_spread(parts.validation, READ),
    )
    trainer = Trainer(few)
    read = _reading(parts, trainer.plan.training_form(trainer.preprocessing))  # before some of them are kept
    materials = trainer.materials(lambda *_: None)
    shown = next(materials.feed.batches(0))

    def learn(epoch: int) -> None:
        trainer.student.step(materials, shown, epoch, 0)
        trainer.student.sums.read()  # waits for the device

    def learning_in(epoch: int) -> float:
        trainer.student.begin_epoch(epoch)
        return _seconds(lambda: learn(epoch), STEPS) / len(shown.targets)

    @torch.no_grad()
    def look() -> None:
        trainer.network(materials.normalise(shown.images_BSS3)).cpu()

    frozen = trainer.plan.frozen_epochs
    head = learning_in(0)
    whole = learning_in(frozen) if 0 < frozen < trainer.plan.epochs else head
    trainer.network.eval()
    head_only = _looks_once(few, parts.recipe, trainer)
    return Cost(
        learn=whole,
        learn_head=head,
        look=_seconds(look, 2) / len(shown.targets),
        read=read,
        device=devices.describe(trainer.plan.device),
        head_only=head_only,
        renews_statistics=not head_only and has_statistics(trainer.network),
    )


def _with_images(recipe: Recipe) -> Recipe:
    """Where each image would go through the network once, its head learns from images all the same, to be timed."""
    start, images, training = recipe.start, recipe.images, dataclasses.replace(recipe.training, data_placement="device")
    if start.freeze < 0:
        start = dataclasses.replace(start, freeze=training.epochs)
        images = dataclasses.replace(images, crop="centre" if images.crop == "auto" else images.crop)
        training = dataclasses.replace(training, flip="off" if training.flip == "auto" else training.flip)
    return dataclasses.replace(recipe, start=start, images=images, training=training)


def _looks_once(few: Parts, recipe: Recipe, like: Trainer) -> bool:
    """Whether features are computed once; drawn weights tell it as well, and need not be read."""
    if recipe.start.freeze >= 0:
        return False
    start = dataclasses.replace(recipe.start, start="scratch")
    model = dataclasses.replace(recipe.model, image_size=like.plan.image_size)
    return Trainer(
        dataclasses.replace(few, recipe=dataclasses.replace(recipe, start=start, model=model))
    ).plan.head_only


def _without_download(recipe: Recipe) -> Recipe:
    """Published weights that are not at hand are not had for an estimate: drawn ones cost the same."""
    start, model = recipe.start, recipe.model
    if start.start != "pretrained" or not pretrained.is_published(model.arch) or pretrained.is_at_hand(model.arch):
        return recipe
    size = model.image_size or pretrained.preprocessing_of(model.arch).image_size
    return dataclasses.replace(
        recipe,
        start=dataclasses.replace(start, start="scratch"),
        model=dataclasses.replace(model, image_size=size, small_stem="off"),
    )


def _reading(parts: Parts, form: Form) -> float:
    some = _spread(parts.train, READ)
    began = time.perf_counter()
    in_form(parts.dataset, some, form)
    return (time.perf_counter() - began) / len(some)


def _spread(indices: Indices, most: int) -> Indices:
    return indices[:: max(1, len(indices) // max(1, most))][:most]


def _seconds(work: Callable[[], object], times: int) -> float:
    """The fastest of some runs after a first: what else the machine does only ever adds."""
    work()
    began, best = time.perf_counter(), float("inf")
    for _ in range(times):
        at = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - at)
        if time.perf_counter() - began > SECONDS:
            break
    return best
