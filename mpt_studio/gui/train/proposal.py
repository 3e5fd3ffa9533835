"""What an update is proposed to be, from its data and the deployed model. No Qt here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import Diagnosis
from mpt_studio.data import Dataset
from mpt_studio.gui.widgets.plain import listed
from mpt_studio.predictions import Predictions
from mpt_studio.recipe import Model, UpdateRecipe, preset
from mpt_studio.units import count

WAYS = ("fine-tune", "head-only", "standard", "published")
"""Presets that are proposed, by their keys."""
SMALL = 64
"""Pixels up to which networks are made for the images and trained from scratch."""
FEW = 20
"""Training images of a class below which all layers would learn them by heart."""
_ONNX = "onnx"
_USUAL = 224


@dataclass(frozen=True)
class Found:
    """What was seen of the data and of the deployed model."""

    dataset: Dataset
    old: Checkpoint | None = None
    """None where an old model is trained first, or is known by its answers alone."""
    answers: Predictions | None = None
    old_path: str = ""
    old_classes: str = ""
    """The recipe's text for them, where there is no old model."""
    diagnosis: Diagnosis | None = None
    """The old model's classes against those of the data."""

    @property
    def known(self) -> tuple[str, ...]:
        """Classes of the data that the old model knows."""
        rows = self.diagnosis.rows if self.diagnosis is not None else ()
        return tuple(row.new for row in rows if row.old and row.new)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Classes of the old model that the data do not have."""
        rows = self.diagnosis.rows if self.diagnosis is not None else ()
        return tuple(row.old for row in rows if not row.new)

    @property
    def trains_on(self) -> Checkpoint | None:
        """The old model where its weights can be trained on: an ONNX graph can only be asked."""
        return self.old if self.old is not None and self.old.architecture != _ONNX else None

    @property
    def image_size(self) -> int:
        """Side of a network's input."""
        return self.old.preprocessing.image_size if self.old is not None else self.dataset.image_size or _USUAL

    @property
    def has_new_classes(self) -> bool:
        return not self.old_path or len(self.known) < len(self.dataset.class_names)

    @property
    def per_class(self) -> tuple[int, int]:
        """Training images of the smallest and of the largest class."""
        counts = np.bincount(self.dataset.labels[self.dataset.train], minlength=len(self.dataset.class_names))
        return int(counts.min()), int(counts.max())


def about_data(found: Found) -> str:
    """What the data are, in a sentence."""
    dataset, (least, most) = found.dataset, found.per_class
    size = f"{dataset.image_size} px" if dataset.image_size else "of several sizes"
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return (
        f"{count(len(dataset.train), 'training image')} and {count(len(dataset.test), 'test image')}, {size}; "
        f"{count(len(dataset.class_names), 'class', 'classes')} of {each} training images each"
    )


def about_classes(found: Found) -> str:
    """Which classes are known, new and dropped, in a sentence."""
    if found.diagnosis is None:
        return "Those that are ticked in the list."
    new = [name for name in found.dataset.class_names if name not in set(found.known)]
    parts = [f"{len(found.known):,} known", f"{len(new):,} new{_named(new)}" if new else "none new"]
    if found.dropped:
        parts.append(f"{len(found.dropped):,} that the data lack{_named(found.dropped)}")
    return f"{', '.join(parts)}. {' '.join(found.diagnosis.sentences())}".strip()


def _named(names: tuple[str, ...] | list[str]) -> str:
    return f" ({listed(names, 4)})" if names else ""


def suggested(found: Found) -> tuple[str, str]:
    """The way that suits, and a sentence why."""
    least, most = found.per_class
    arch = found.trains_on.architecture if found.trains_on is not None else ""
    if found.image_size <= SMALL or arch == "small":
        return "standard", f"Images of {found.image_size} pixels: networks for them are trained from scratch."
    if (len(found.dataset.train) / max(1, len(found.dataset.class_names))) < FEW:
        return "head-only", (
            f"{least:,} to {most:,} images a class are few: a new head on a network that stays as it is "
            "does not learn them by heart."
        )
    return "fine-tune", f"Images of {found.image_size} pixels: go on from weights that were trained on many pictures."


def proposed(found: Found, way: str, start: str = "") -> UpdateRecipe:
    """The recipe of one of the ways for these data; ``start`` where it is another one than the way's own."""
    recipe = preset(way).recipe
    begin = dataclasses.replace(recipe.start, start=start) if start else recipe.start
    return dataclasses.replace(
        recipe,
        data=found.dataset.spec,
        old=found.old_path,
        old_classes="" if found.old_path else found.old_classes,
        methods=recipe.methods if way == "published" else _methods(found),
        logit_margin=recipe.logit_margin if way == "published" else None,
        model=recipe.model if way == "published" else _model(found, recipe.model),
        start=begin,
    )


def _model(found: Found, model: Model) -> Model:
    """The old model's architecture and size; its stem where images are small."""
    if found.trains_on is None:
        return dataclasses.replace(model, arch="resnet18") if found.image_size <= SMALL else model
    old, stem = found.trains_on, _stem(found.trains_on)
    size = old.preprocessing.image_size
    return dataclasses.replace(
        model, arch=old.architecture, small_stem=stem, image_size=0 if size == found.dataset.image_size else size
    )


def _stem(old: Checkpoint) -> Literal["auto", "on", "off"]:
    if old.small_stem:
        return "on"
    return "off" if old.preprocessing.image_size <= SMALL and old.architecture != "small" else "auto"


def _methods(found: Found) -> str:
    """Plain training, what goes on from the old model where it can, and what keeps near it."""
    if found.answers is not None and found.answers.scores == "answers":
        return "none,pct_naive"  # the others learn from scores
    again = "none@old,bcwi," if not found.old_path or found.trains_on is not None else ""
    if not found.has_new_classes:  # a margin is for new classes
        return f"none,{again}churn_kd,pct_kl"
    return f"none,{again}pct_kl,mpt_kl:2{',mpt_kl:2@old' if again else ''}"


def about_way(found: Found, recipe: UpdateRecipe) -> str:
    """What is done with the deployed model's architecture and preprocessing, and where weights are from."""
    published = recipe.start.start == "pretrained"
    return f"{_network(found, recipe)}{' Published weights not at hand are downloaded.' if published else ''}"


def _network(found: Found, recipe: UpdateRecipe) -> str:
    arch, old = recipe.model.arch, found.old
    if not found.old_path:
        return f"A {arch}, the old model and the updates alike."
    if old is None or found.trains_on is None:
        what = "known by its answers alone" if old is None else "an ONNX graph"
        return f"The deployed model is {what}: there is nothing to go on from. The update is a {arch}."
    if arch != old.architecture:
        return f"The update is a {arch}, the deployed model a {old.architecture}."
    mine = f"The deployed model's {arch} at {found.image_size} pixels"
    if recipe.start.start == "scratch":
        return f"{mine}, from random weights; images prepared by their own mean and deviation."
    return f"{mine}; images prepared as the start's weights need."
