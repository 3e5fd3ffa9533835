"""Every choice that a recipe leaves to device and data, made once, by rules, and told in ``Started``."""

from __future__ import annotations

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
    return Plan(
        device=device,
        precision=devices.precision(device, training.precision),
        deterministic=training.deterministic or device.type == "cpu",
        image_size=size,
        classes=len(parts.class_names),
        small_stem=start.small_stem,
        augmentation=Augmentation.of(training, parts.dataset, size),
        on_device=feed.fits_on_device(training.data_placement, device, samples, size),
        steps_per_epoch=order.steps_per_epoch(samples, training.batch_size),
        epochs=training.epochs,
        frozen_epochs=training.epochs if recipe.start.freeze < 0 else min(recipe.start.freeze, training.epochs),
        start=start.described(),
        fine_tuned=not start.is_scratch,
        notes=tuple(_notes(parts, start, device)),
    )


def _notes(parts: Parts, start: Start, device: torch.device) -> list[str]:
    recipe, notes = parts.recipe, []
    if not start.is_scratch:
        known = f"it knows {start.kept_rows} of {len(parts.class_names)} classes" if start.kept_rows else "a new head"
        notes.append(f"Training goes on from {start.described()}: {known}.")
    if recipe.training.device == "auto" and device.type == "cpu":
        notes.append("No GPU was found; training runs on the CPU.")
    if recipe.model.small_stem == "on" and not networks.has_small_stem(recipe.model.arch):
        notes.append(f"{recipe.model.arch} has no form for small images; it is used as it is.")
    return notes
