"""Recipes as plain JSON values and back: what is on disk, what is hashed, what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from mpt_studio.errors import UsageError, UserError
from mpt_studio.made_of import MisfitError, made_of

T = TypeVar("T")


def to_json(recipe: Any) -> dict[str, Any]:
    """A recipe (or a part of one) as plain JSON values."""
    return dataclasses.asdict(recipe)


def from_json(cls: type[T], values: dict[str, Any], error: type[UserError] = UserError) -> T:
    """The recipe in plain JSON values; unknown fields and values out of range raise ``error``."""
    try:
        return made_of(cls, values)
    except MisfitError as misfit:
        raise error(_sentence(misfit)) from None


_RETIRED = ("compile",)
"""Fields of a training that recipes on disk still have and that decide nothing any more: what compiling networks gained
did not earn its place (see docs/performance.md)."""
BEFORE: dict[str, dict[str, Any]] = {"start": {"start": "scratch"}, "images": {"crop": "pad"}}
"""What recipes meant that were written before they could say it."""


def from_record(cls: type[T], values: dict[str, Any]) -> T:
    """A recipe that this program put on disk, be it years ago. Raises ``UserError``."""
    training = values.get("training")
    if isinstance(training, dict):
        training = {name: value for name, value in training.items() if name not in _RETIRED}
        values = {**BEFORE, **values, "training": training}
    return from_json(cls, values)


_ADDED: dict[str, dict[str, Any]] = {
    "training": {
        "accumulate": 1,
        "balance": 0.0,
        "batch_norm_over": "batch",
        "ema": 0.0,
        "patience": 0,
        "patience_on": "accuracy",
        "split_seed": -1,
    },
    "method": {"from_old": False, "interpolates": "", "shuffled": False},
}


def as_before(recipe: Any) -> dict[str, Any]:
    """A recipe as plain JSON values, without the fields that came later where they change nothing.

    What is hashed over it stays equal for recipes from before.
    """
    record = to_json(recipe)
    for group, added in _ADDED.items():
        record[group] = {name: value for name, value in record[group].items() if added.get(name, ...) != value}
    for group, before in BEFORE.items():
        kind = type(getattr(recipe, group))
        if record[group] == to_json(kind(**before)):
            del record[group]
    return record


def checked(recipe: T) -> T:
    """``recipe`` itself when every field is in range; else ``UsageError`` naming the field."""
    return from_json(type(recipe), to_json(recipe), UsageError)


def _sentence(misfit: MisfitError) -> str:
    where = misfit.where or "recipe"
    if misfit.is_unknown:
        return f"The recipe has a field {where!r} that this version of MPT Studio does not know."
    return f"The recipe's {where} is {misfit.given!r}: {misfit.reason[0].lower()}{misfit.reason[1:]}."
