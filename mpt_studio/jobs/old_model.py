"""The old model's classes as the data call them: the class doctor's word on an update."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare.matching.class_map import kept_map
from mpt_studio.compare.matching.doctor import diagnose
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions
from mpt_studio.store import Store

Named = TypeVar("Named", Checkpoint, Predictions)


def names_on_data(names: tuple[str, ...], dataset: Dataset, store: Store | None) -> tuple[str, ...]:
    """The old model's class names as the data call them, in the order of its outputs.

    Names that are spelled otherwise, or that a class map kept in the store explains, are the data's. Raises
    ``UserError`` where a class has no counterpart among the data's and was not dropped knowingly.
    """
    class_map = kept_map(store.root, names, dataset.class_names) if store is not None else None
    found = diagnose(names, dataset.class_names, *([class_map] if class_map else []), sides=("old model", "data"))
    if found.blocked:
        command = "mpt-studio classes OLD DATA --class-map FILE"
        raise UserError(f"{' '.join(found.problems)} {command} keeps a class map for this model and these data.")
    return tuple(found.renames.get(name, name) for name in names)


def named(version: Named, names: tuple[str, ...]) -> Named:
    """The same version with its classes called otherwise, in their order."""
    return version if version.class_names == names else dataclasses.replace(version, class_names=names)
