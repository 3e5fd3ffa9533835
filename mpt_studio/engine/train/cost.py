"""What an image costs on this machine, measured in a few steps of the training itself."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from mpt_studio.data.dataset import Indices
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
    """Forward, backward and the optimizer's step."""
    look: float
    """Forward alone: validation, evaluation, a teacher."""
    read: float
    """Reading it from its file; nothing where images are kept decoded."""
    device: str
    """For people."""
    head_only: bool
    """Whether the network looks at each image once and only its head learns."""


def measure(parts: Parts) -> Cost:
    """Time a few steps of a training, after one that warms up. Writes nothing; raises what ``Trainer`` raises.

    ``parts`` are those of a training by a method without teachers.
    """
    parts = dataclasses.replace(parts, recipe=_without_download(parts.recipe))
    batch = min(parts.recipe.training.batch_size, len(parts.train))
    recipe = dataclasses.replace(
        parts.recipe,
        start=dataclasses.replace(parts.recipe.start, freeze=max(0, parts.recipe.start.freeze)),
        training=dataclasses.replace(parts.recipe.training, data_placement="device"),
    )
    few = dataclasses.replace(
        parts, recipe=recipe, train=_spread(parts.train, 2 * batch), validation=_spread(parts.validation, READ)
    )
    trainer = Trainer(few)
    materials = trainer.materials(lambda *_: None)
    trainer.student.begin_epoch(0)
    shown = next(materials.feed.batches(0))

    def learn() -> None:
        trainer.student.step(materials, shown, 0, 0)
        trainer.student.sums.read()  # waits for the device

    @torch.no_grad()
    def look() -> None:
        trainer.network(materials.normalise(shown.images_BSS3)).cpu()

    learnt = _seconds(learn, STEPS)
    trainer.network.eval()
    images = len(shown.targets)
    return Cost(
        learn=learnt / images,
        look=_seconds(look, 2) / images,
        read=_reading(parts, trainer.plan.image_size),
        device=devices.describe(trainer.plan.device),
        head_only=Trainer(dataclasses.replace(few, recipe=parts.recipe)).plan.head_only,
    )


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


def _reading(parts: Parts, side: int) -> float:
    some = _spread(parts.train, READ)
    began = time.perf_counter()
    parts.dataset.batch(some, side)
    return (time.perf_counter() - began) / len(some) / max(1, torch.get_num_threads())


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
