"""Every choice that a recipe leaves to device and data, made once, by rules, and told in ``Started``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch

from mpt_studio.engine import images as feed
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import heap
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.train import order
from mpt_studio.engine.train.augment import Augmentation
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.start import Start
from mpt_studio.recipe import Recipe, Training


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

    def settings(self) -> dict[str, Any]:
        """The choices for ``events.Started``, in words where the window shows them."""
        return {
            "device": str(self.device),
            "precision": self.precision,
            "deterministic": self.deterministic,
            "memory_format": devices.memory_format(self.device),
            "data_placement": "device" if self.on_device else "loader",
            "freed_memory": "kept" if self.device.type == "cpu" and heap.can_keep() else "given back",
            "image_size": self.image_size,
            "small_stem": self.small_stem,
            "start": self.start,
            "frozen_epochs": self.frozen_epochs,
            "features": "computed once" if self.head_only else "of every batch",
            "weight_decay_on": "matrices" if self.fine_tuned else "everything",
            **self.augmentation.settings(),
            "steps_per_epoch": self.steps_per_epoch,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }


def decide(parts: Parts, start: Start) -> Plan:
    """Make every open choice of a training. Raises ``UserError`` for a device that is not there."""
    recipe, samples, size = parts.recipe, len(parts.train), start.image_size
    training, device = recipe.training, devices.choose(recipe.training.device)
    augmentation = Augmentation.of(_shown(recipe), parts.dataset, size)
    return Plan(
        device=device,
        precision=devices.precision(device, training.precision),
        deterministic=training.deterministic or device.type == "cpu",
        image_size=size,
        classes=len(parts.class_names),
        small_stem=start.small_stem,
        augmentation=augmentation,
        on_device=feed.fits_on_device(training.data_placement, device, samples, size),
        steps_per_epoch=order.steps_per_epoch(samples, training.batch_size),
        epochs=training.epochs,
        frozen_epochs=training.epochs if recipe.start.freeze < 0 else min(recipe.start.freeze, training.epochs),
        head_only=recipe.start.freeze < 0 and augmentation.is_still and start.ends_in_head,
        start=start.described(),
        fine_tuned=not start.is_scratch,
        notes=tuple(_notes(parts, start, device)),
    )


def _shown(recipe: Recipe) -> Training:
    """How images are varied: where the network below the head stays as it is, "auto" is not at all."""
    training = recipe.training
    if recipe.start.freeze >= 0:
        return training
    return dataclasses.replace(
        training,
        flip="off" if training.flip == "auto" else training.flip,
        crop_padding=max(0, training.crop_padding),
    )


def _notes(parts: Parts, start: Start, device: torch.device) -> list[str]:
    recipe, notes = parts.recipe, []
    if not start.is_scratch:
        known = f"it knows {start.kept_rows} of {len(parts.class_names)} classes" if start.kept_rows else "a new head"
        notes.append(f"Training goes on from {start.described()}: {known}.")
    if recipe.start.freeze < 0 and not start.ends_in_head:
        notes.append(f"{recipe.model.arch} does not end in its last layer, so that all of it runs in every step.")
    if recipe.training.device == "auto" and device.type == "cpu":
        notes.append("No GPU was found; training runs on the CPU.")
    if recipe.model.small_stem == "on" and not networks.has_small_stem(recipe.model.arch):
        notes.append(f"{recipe.model.arch} has no form for small images; it is used as it is.")
    return notes
