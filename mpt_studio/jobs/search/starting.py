"""A search before it begins: whether it can, and what it would vary."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data import Dataset, training_split
from mpt_studio.errors import UsageError, UserError
from mpt_studio.events import Asked
from mpt_studio.jobs.beforehand import check_engine, old_classes_of
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.old_model import OldModel, check_methods, old_model
from mpt_studio.jobs.search.judging import Samples
from mpt_studio.jobs.search.space import METHODS, OLD, Dimensions
from mpt_studio.jobs.session import Session, absolute_file
from mpt_studio.jobs.update import with_whole_paths
from mpt_studio.methods import method_named
from mpt_studio.recipe import UpdateRecipe, checked, to_json
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Search, Store


def start_search(store: Store, recipe: SearchRecipe, title: str = "") -> Search:
    """Check what can be checked without opening the data, and put the search on disk, queued. Raises ``UserError``."""
    recipe = dataclasses.replace(checked(recipe), update=with_whole_paths(recipe.update))
    Dimensions(recipe.space, recipe.update, METHODS, can_start=True)
    return store.create_search(recipe, title=title or f"Search on {recipe.update.data}")


def add_trials(store: Store, search_id: str, more: int) -> Search:
    """Plan so many more trials for a search that nobody runs; it is queued again. Raises ``UserError``."""
    with store.write_search(search_id, resume=False) as writer:
        longer = checked(writer.search.recipe.with_trials(more))
        writer.append(Asked(title=writer.search.title, recipe=to_json(longer)))
        writer.set(recipe=to_json(longer), outcome="queued", message="")
        return writer.search


def check_search(session: Session, recipe: SearchRecipe) -> Dataset:
    """Open the data and check the recipe against them before anything is put on disk. Raises ``UserError``."""
    recipe = checked(recipe)
    update = recipe.update
    Dimensions(recipe.space, update, METHODS, can_start=True)
    dataset = open_data(session, update.data)
    check_engine(session, dataclasses.replace(update, methods="none"), dataset)
    samples_of(update, dataset)
    old_classes_of(session, update.old_classes, absolute_file(update.old), dataset)
    dimensions_of(session, recipe, dataset)
    return dataset


def samples_of(update: UpdateRecipe, dataset: Dataset) -> Samples:
    """What is trained on, and what every trial is judged on. Raises ``UserError`` where that is nothing."""
    settings = update.training
    found = training_split(
        dataset,
        classes=dataset.class_names,
        seed=settings.splits_by,
        validation_fraction=settings.validation_fraction,
        limit=settings.limit_train,
    )
    if not len(found[1]):
        raise UserError(
            "There is no validation part, on which a search compares its trials; keep one (--validation-fraction 0.1, "
            "and enough images of each class)."
        )
    return Samples(*found)


def dimensions_of(session: Session, recipe: SearchRecipe, dataset: Dataset) -> Dimensions:
    """The space as far as the old model can serve it. Raises ``UserError`` for what was asked for and cannot be."""
    update = recipe.update
    old = old_model(session, Path(update.old), dataset) if update.old else None
    can = tuple(name for name in METHODS if _refusal(old, update, name) is None)
    can_start = _why_no_start(old, update) is None
    found = Dimensions(recipe.space, update, can, can_start)
    for name in found["method"].choices:
        if why := _refusal(old, update, name):
            raise why
    if OLD in found["start"].choices and (why := _why_no_start(old, update)):
        raise why
    return found


def _why_no_start(old: OldModel | None, update: UpdateRecipe) -> UserError | None:
    """Why no candidate can go on from the old model's weights."""
    if isinstance(old, Checkpoint) and old.architecture != update.model.arch:
        return UsageError(
            f"A trial that goes on from the old model has its architecture, {old.architecture}, but the recipe asks "
            f"for {update.model.arch}; choose --arch {old.architecture}, or --search-start recipe."
        )
    return _refusal(old, update, "none@old")


def _refusal(old: OldModel | None, update: UpdateRecipe, name: str) -> UserError | None:
    """Why the old model cannot serve a method."""
    try:
        if old is not None:
            check_methods(old, (method_named(name),), update.images)
    except UserError as error:
        return error
    return None


def describe_search(session: Session, recipe: SearchRecipe) -> dict[str, Any]:
    """What a search would do, as plain JSON values, or ``UserError``: {"space": [dimension with its sentence],
    "first": [proposal], "trials", "samples": validation images}."""
    dataset = check_search(session, recipe)
    dimensions = dimensions_of(session, recipe, dataset)
    return {
        "space": dimensions.told(),
        "first": dimensions.first(),
        "trials": recipe.budget.trials,
        "samples": len(samples_of(recipe.update, dataset).validation),
    }
