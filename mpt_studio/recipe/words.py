"""A recipe for people: what its fields are called, its values in words, and how two recipes differ."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mpt_studio import methods
from mpt_studio.recipe import UpdateRecipe, words_of

LABELS = {
    "data": "Data",
    "old": "Old model",
    "logit_margin": "Logit margin b",
    "method.name": "Method",
    "method.logit_margin": "Logit margin b",
    "noise_floor": "Noise floor",
    "ensemble_size": "Ensemble size",
    "model.arch": "Architecture",
    "model.small_stem": "Small-image stem",
    "start.start": "Start from",
    "start.new_rows": "Rows of new classes",
    "start.keep_near": "Keep near the start",
    "start.batch_norm": "Batch norm statistics",
    "images.auto_augment": "Augmentation",
    "images.erase": "Random erasing",
    "images.cutmix": "CutMix",
    "training.ema": "Average of weights",
    "training.balance": "Balance classes",
    "training.accumulate": "Parts of a batch",
    "training.limit_train": "Training images",
    "training.validation_fraction": "Validation share",
    "training.clip_gradient": "Gradient norm limit",
    "training.deterministic": "Same bits on CUDA",
    "training.flip": "Mirror images",
    "training.save_every_seconds": "Save every (s)",
    "limits.max_accuracy_drop": "Accuracy drop (points)",
    "limits.max_new_accuracy_drop": "On new classes (points)",
    "budget.stop_below": "Stop a trial below (points)",
    "budget.finalist_seeds": "More seeds for each",
    "budget.jobs": "Trials at once",
    "training.split_seed": "Validation seed",
}
PLACEHOLDERS = {
    "old": "train one",
    "old_classes": "number or names",
    "limits.max_new_accuracy_drop": "not asked",
    "logit_margin": "each method's own",
}
"""What stands in an empty field."""
_METHODS = ("methods", "search_methods")
"""Fields with a list of them."""
_EMPTY = {**PLACEHOLDERS, "old_classes": "not given", "reference": "none", "ensemble": "none"}


@dataclass(frozen=True)
class Difference:
    """A field in which two recipes differ, with both values in words."""

    name: str
    """Dotted: "training.seed"."""
    one: str
    other: str

    @property
    def title(self) -> str:
        return title_of(self.name)


def differences(one: Any, other: Any) -> list[Difference]:
    """The fields in which two recipes of any kind differ, in the form's order; one that a recipe lacks is "–" there."""
    before, after = flat(one), flat(other)
    told = [
        (name, in_words(one, name) if name in before else "–", in_words(other, name) if name in after else "–")
        for name in dict.fromkeys((*before, *after))
        if name not in before or name not in after or before[name] != after[name]
    ]
    return [Difference(*each) for each in told if each[1] != each[2]]


def in_words(recipe: Any, name: str) -> str:
    """A field's value as the form shows it: words for the numbers that stand for one."""
    value, hint = recipe, None
    for part in name.split("."):
        hint = typing.get_type_hints(type(value), include_extras=True)[part]
        value = getattr(value, part)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        word = next((word for word, number in words_of(hint).items() if number == value), "")
        return word or number_text(value)
    if name.rpartition(".")[2] in _METHODS:
        return methods.told(value)
    if name == "method.name":
        return methods.plain_name(value)
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
    return ", ".join(filter(None, map(str.strip, text.split(",")))) or _EMPTY.get(name, "none")


def title_for(recipe: UpdateRecipe, others: Sequence[tuple[str, UpdateRecipe]], title: str = "") -> str:
    """What to call an update beside ``others`` (title and recipe, the newest first): never as one of them.

    Where one has its name already, what differs from the newest such one is said; where nothing does, it is numbered.
    """
    wanted, taken = title or f"Update on {recipe.data}", {name for name, _ in others}
    if wanted not in taken:
        return wanted
    like = next(known for name, known in others if name == wanted)
    said = ", ".join(f"{each.title.lower()} {each.other}" for each in differences(like, recipe)[:_TOLD])
    told = f"{wanted}: {said}" if said else wanted
    return next(name for name in (told, *(f"{told} ({n})" for n in range(2, len(taken) + 3))) if name not in taken)


_TOLD = 3
"""How many differences a title names."""


def flat(recipe: Any, prefix: str = "") -> dict[str, Any]:
    """Values of a recipe by dotted name."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if dataclasses.is_dataclass(value):
            values |= flat(value, f"{prefix}{field.name}.")
        else:
            values[prefix + field.name] = value
    return values


def number_text(value: float) -> str:
    """The shortest text that reads back as exactly this number."""
    if isinstance(value, int):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def title_of(name: str) -> str:
    """ "training.batch_size" → "Batch size"."""
    return LABELS.get(name) or name.rpartition(".")[2].replace("_", " ").capitalize()
