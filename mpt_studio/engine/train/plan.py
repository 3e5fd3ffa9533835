"""Every choice that a recipe leaves to device and data, made once, by rules, and told in ``Started``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.data.fit import Fit, Form
from mpt_studio.engine import images as feed
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import heap
from mpt_studio.engine.machine.ranks import ALONE, Ranks
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.train import order
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.start import Start
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.train.varied.variation import Wanted
from mpt_studio.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A recipe's open choices, decided."""

    device: torch.device
    precision: devices.Precision
    deterministic: bool
    """Whether the same run gives the same bits again."""
    image_size: int
    classes: int
    small_stem: bool
    augmentation: Augmentation
    on_device: bool
    """Whether there is room for images on the device."""
    held_size: int
    """Side of the training images that are kept there; 0: loader processes read and vary them."""
    steps_per_epoch: int
    epochs: int
    frozen_epochs: int
    """Epochs in which the head alone learns."""
    start: str
    """Whose weights training begins with, for people."""
    head_only: bool
    """Whether the last layer learns from features that are computed once."""
    fine_tuned: bool
    """Whether they were trained before."""
    notes: tuple[str, ...]
    """Sentences for the user about choices that may surprise."""

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    @property
    def works_in_loaders(self) -> bool:
        """Whether loader processes have more to do than to read what is decoded already."""
        how = self.augmentation
        return how.wants_loaders or (bool(how.of_images) and self.device.type != "cpu")

    def training_form(self, preprocessing: Preprocessing | None) -> Form:
        """What training images are decoded to; without a preprocessing, which follows from them, to the plain fit."""
        if self.augmentation.takes:
            return Fit(self.held_size) if self.held_size else self.augmentation.takes
        return Fit.of(preprocessing) if preprocessing else Fit(self.image_size)

    def settings(self) -> dict[str, Any]:
        """The choices for ``events.Started``, in words where the window shows them."""
        return {
            "device": str(self.device),
            "precision": self.precision,
            "deterministic": self.deterministic,
            "memory_format": devices.memory_format(self.device),
            "data_placement": "device" if self.held_size else "loader",
            "freed_memory": "kept" if self.device.type == "cpu" and heap.can_keep() else "given back",
            "image_size": self.image_size,
            "small_stem": self.small_stem,
            "start": self.start,
            "frozen_epochs": self.frozen_epochs,
            "features": "computed once" if self.head_only else "of every batch",
            "weight_decay_on": "matrices" if self.fine_tuned else "everything",
            "images_varied_by": self.augmentation.told(),
            "steps_per_epoch": self.steps_per_epoch,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }


def decide(parts: Parts, start: Start, ranks: Ranks = ALONE) -> Plan:
    """Make every open choice of a training. Raises ``UserError`` for a device that is not there."""
    recipe, samples, size = parts.recipe, len(parts.train), start.image_size
    training, device = recipe.training, ranks.device(recipe.training.device)
    classes, fine_tuned = len(parts.class_names), not start.is_scratch
    how = Augmentation.of(
        Wanted(recipe=recipe, dataset=parts.dataset, size=size, classes=classes, fine_tuned=fine_tuned)
    )
    most = how.takes.shorter if how.takes else size
    fits = feed.fits_on_device(training.data_placement, device, samples, most)
    on_device, precision = ranks.agreed((fits, devices.precision(device, training.precision)))
    held_size = _held_size(recipe, how, parts, size) if on_device else 0
    return Plan(
        device=device,
        precision=precision,
        deterministic=training.deterministic or device.type == "cpu",
        image_size=size,
        classes=classes,
        small_stem=start.small_stem,
        augmentation=how,
        on_device=on_device,
        held_size=held_size,
        steps_per_epoch=order.steps_per_epoch(samples, training.batch_size),
        epochs=training.epochs,
        frozen_epochs=training.epochs if recipe.start.freeze < 0 else min(recipe.start.freeze, training.epochs),
        head_only=recipe.start.freeze < 0 and not how.steps and start.ends_in_head,
        start=start.described(),
        fine_tuned=fine_tuned,
        notes=tuple(_notes(parts, start, device, held_size)),
    )


def _held_size(recipe: Recipe, how: Augmentation, parts: Parts, size: int) -> int:
    """Side of training images on the device; 0 where steps want loader processes, or pictures of several sizes."""
    if how.wants_loaders and recipe.training.data_placement == "auto":
        return 0
    return min(how.takes.shorter, parts.dataset.image_size) if how.takes else size


def _notes(parts: Parts, start: Start, device: torch.device, held_size: int) -> list[str]:
    recipe, notes = parts.recipe, []
    if not start.is_scratch:
        known = f"it knows {start.kept_rows} of {len(parts.class_names)} classes" if start.kept_rows else "a new head"
        notes.append(f"Training goes on from {start.described()}: {known}.")
    if recipe.start.freeze < 0 and start.is_scratch:
        notes.append("The network that is frozen has random weights; choose a --start, or leave --freeze out.")
    if recipe.start.freeze < 0 and not start.ends_in_head:
        notes.append(f"{recipe.model.arch} does not end in its last layer, so that all of it runs in every step.")
    if recipe.training.device == "auto" and device.type == "cpu":
        notes.append("No GPU was found; training runs on the CPU.")
    if recipe.training.data_placement == "device" and not held_size:
        notes.append("Parts of pictures of several sizes are cut by loader processes, not from images on the device.")
    if recipe.model.small_stem == "on" and not networks.has_small_stem(recipe.model.arch):
        notes.append(f"{recipe.model.arch} has no form for small images; it is used as it is.")
    elif recipe.model.small_stem == "on" and not start.small_stem:
        notes.append("The start's weights are not of the form for small images, which is left out.")
    return notes
