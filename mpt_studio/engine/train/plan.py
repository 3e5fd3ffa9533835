"""Every choice that a recipe leaves to device and data, made once, by rules, and told in ``Started``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from mpt_studio.data.dataset import Dataset
from mpt_studio.engine import images as feed
from mpt_studio.engine.machine import compiled, heap
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.train import order
from mpt_studio.recipe import Model, Recipe

DEFAULT_SIZE = 224


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A recipe's open choices, decided."""

    device: torch.device
    precision: devices.Precision
    deterministic: bool
    """Whether the same run gives the same bits again."""
    compiled: bool
    """Whether networks are compiled before the first step."""
    image_size: int
    small_stem: bool
    padding: int
    mirror: bool
    on_device: bool
    steps_per_epoch: int
    epochs: int
    notes: tuple[str, ...]
    """Sentences for the user about choices that may surprise."""

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    @property
    def recorded(self) -> bool:
        """Whether a step becomes one CUDA graph. Loss scaling looks at each step's gradients and cannot be recorded."""
        return self.compiled and self.device.type == "cuda" and self.precision != "fp16"

    def settings(self) -> dict[str, Any]:
        """The choices for ``events.Started``, in words where the window shows them."""
        return {
            "device": str(self.device),
            "precision": self.precision,
            "compiled": self.compiled,
            "recorded": self.recorded,
            "deterministic": self.deterministic,
            "memory_format": devices.memory_format(self.device),
            "data_placement": "device" if self.on_device else "loader",
            "freed_memory": "kept" if self.device.type == "cpu" and heap.can_keep() else "given back",
            "image_size": self.image_size,
            "small_stem": self.small_stem,
            "crop_padding": self.padding,
            "horizontal_flip": self.mirror,
            "steps_per_epoch": self.steps_per_epoch,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }


def image_size(model: Model, dataset: Dataset) -> int:
    """Side of the network's input: the recipe's, else the data's, else 224."""
    return model.image_size or dataset.image_size or DEFAULT_SIZE


def decide(recipe: Recipe, dataset: Dataset, samples: int, trainings: int = 1) -> Plan:
    """Make every open choice for ``samples`` training images; ``trainings`` as long as this one share compiled code.

    Raises ``UserError`` for a device that is not there.
    """
    training, device = recipe.training, devices.choose(recipe.training.device)
    size = image_size(recipe.model, dataset)
    padding = training.crop_padding if training.crop_padding >= 0 else size // 8
    return Plan(
        device=device,
        precision=devices.precision(device, training.precision),
        deterministic=training.deterministic or device.type == "cpu",
        image_size=size,
        compiled=samples >= training.batch_size  # only full batches go through compiled code
        and compiled.pays(training.compile, device, lambda: trainings * _work(recipe, size, dataset, samples)),
        small_stem=networks.stem_is_small(recipe.model, size),
        padding=padding,
        mirror=dataset.flips_horizontally if training.flip == "auto" else training.flip == "on",
        on_device=feed.fits_on_device(training.data_placement, device, samples, size),
        steps_per_epoch=order.steps_per_epoch(samples, training.batch_size),
        epochs=training.epochs,
        notes=tuple(_notes(recipe, device)),
    )


def _work(recipe: Recipe, size: int, dataset: Dataset, samples: int) -> float:
    small, classes = networks.stem_is_small(recipe.model, size), len(dataset.class_names)
    network = without_memory(lambda: networks.build(recipe.model.arch, classes, small, size)).to("meta")
    try:
        return compiled.training_work(network, size, samples * recipe.training.epochs)
    except Exception:  # torch's counter is lost in it; the network itself was tried before
        return 0.0


def _notes(recipe: Recipe, device: torch.device) -> list[str]:
    notes = []
    if recipe.training.device == "auto" and device.type == "cpu":
        notes.append("No GPU was found; training runs on the CPU.")
    if recipe.model.small_stem == "on" and not networks.has_small_stem(recipe.model.arch):
        notes.append(f"{recipe.model.arch} has no form for small images; it is used as it is.")
    return notes
