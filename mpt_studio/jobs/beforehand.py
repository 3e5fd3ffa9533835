"""What can be told of a training before anything is put on disk: its classes, its start, and why it would fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data import Dataset, resolve_old_classes, training_split
from mpt_studio.data.dataset import SHOWN_SKIPPED, Indices
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.jobs.images import skipped_sentence
from mpt_studio.jobs.old_model import check_methods, names_on_data, old_model
from mpt_studio.jobs.read_weights import start_of
from mpt_studio.jobs.session import Session
from mpt_studio.methods import Method, label_of
from mpt_studio.recipe import Recipe, Training, UpdateRecipe
from mpt_studio.store import Store

AnyRecipe = TypeVar("AnyRecipe", Recipe, UpdateRecipe)


def version_classes(session: Session, recipe: Recipe, dataset: Dataset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The version's class names in the order of its head, and the old model's (empty where there is none)."""
    if recipe.role == "old":
        return old_classes_of(session, recipe.old_classes, "", dataset), ()
    if recipe.old or recipe.old_classes:
        return dataset.class_names, old_classes_of(session, recipe.old_classes, recipe.old, dataset)
    return dataset.class_names, ()


def old_classes_of(session: Session, text: str, old: str, dataset: Dataset) -> tuple[str, ...]:
    """Which classes the old model knows, as the data call them, in the order of its outputs.

    Its checkpoint says it, else ``text``, else the data's own example. Raises ``UserError`` when nothing says it, and
    where a class of the checkpoint has no counterpart among the data's (``names_on_data``).
    """
    if old:
        return names_on_data(old_model(session, Path(old), dataset).class_names, dataset, session.store)
    if dataset.default_old_classes and not text:
        return dataset.default_old_classes
    return resolve_old_classes(text, dataset.class_names)


def with_start(recipe: AnyRecipe, dataset: Dataset) -> AnyRecipe:
    """The recipe with the start that "auto" means on this machine, so that every version and resumption has the same.

    Imports torch where that depends on the machine.
    """
    if recipe.start.start != "auto":
        return recipe
    from mpt_studio.engine.train.start import resolved

    start = dataclasses.replace(recipe.start, start=resolved(recipe.model, dataset.image_size))
    return dataclasses.replace(recipe, start=start)


def check_engine(session: Session, recipe: Recipe | UpdateRecipe, dataset: Dataset) -> None:
    """Whether such a network can be trained from such a start, in such a way. Raises ``UserError``.

    Where the session has workers, they know whether they have the device.
    Imports torch, so ask last.
    """
    from mpt_studio.engine.machine.device import choose
    from mpt_studio.engine.networks.build import check_architecture
    from mpt_studio.engine.train.varied.mixing import check_mixing

    if session.workers is None:
        choose(recipe.training.device)
    size = recipe.model.input_size(dataset.image_size, _size_of_start(session, recipe, dataset))
    check_architecture(recipe.model, len(dataset.class_names), size)
    check_old_model(session, recipe, dataset)
    for classes in _classes_of_versions(session, recipe, dataset):
        check_mixing(recipe.images, len(classes))
        _check_judging(recipe, classes, dataset)


def _size_of_start(session: Session, recipe: Recipe | UpdateRecipe, dataset: Dataset) -> int:
    """Side of the images that the start's weights are used to; 0 where there is none. Published weights are fetched."""
    from mpt_studio.engine.recognise import pretrained
    from mpt_studio.engine.train.start import check_fits, resolved

    start, model = recipe.start, recipe.model
    if start.file:
        found = start_of(session, Path(start.file), model.arch)
        check_fits(found, model)
        return found.preprocessing.image_size
    word = resolved(model, dataset.image_size) if start.start == "auto" else start.start
    if word != "pretrained":
        return 0
    pretrained.have(model.arch)
    return pretrained.preprocessing_of(model.arch).image_size


def check_old_model(session: Session, recipe: Recipe | UpdateRecipe, dataset: Dataset) -> None:
    """Whether the old model can do what the methods ask of it: teach, be gone on from, be mixed with.

    Raises ``UserError``; there may be none.
    """
    if not recipe.old:
        return
    methods, model = _methods(recipe), recipe.model
    old = old_model(session, Path(recipe.old), dataset)
    check_methods(old, methods, recipe.images)
    if not isinstance(old, Checkpoint) or not any(method.from_old for method in methods):
        return
    if old.architecture != model.arch:
        raise UserError(
            f"A candidate that goes on from the old model has its architecture, {old.architecture}, but the recipe "
            f"asks for {model.arch}; choose --arch {old.architecture}, or leave @old out."
        )
    size = old.preprocessing.image_size
    if any(method.interpolates for method in methods) and model.image_size not in (0, size):
        raise UserError(
            f"Weights can only be mixed with the old model's at its own image size, {size}, but the recipe asks for "
            f"{model.image_size}; choose --image-size {size}, or leave bcwi out."
        )


def _methods(recipe: Recipe | UpdateRecipe) -> tuple[Method, ...]:
    return recipe.candidate_methods() if isinstance(recipe, UpdateRecipe) else (recipe.method,)


def _classes_of_versions(
    session: Session, recipe: Recipe | UpdateRecipe, dataset: Dataset
) -> Iterator[tuple[str, ...]]:
    """Those of every version that is to be trained: of one, or of an update's candidates and its own old model."""
    if isinstance(recipe, Recipe):
        yield version_classes(session, recipe, dataset)[0]
        return
    yield dataset.class_names
    if not recipe.old:
        yield old_classes_of(session, recipe.old_classes, "", dataset)


def _check_judging(recipe: Recipe | UpdateRecipe, classes: tuple[str, ...], dataset: Dataset) -> None:
    """Whether what is to be chosen on the validation part can be."""
    training = recipe.training
    if isinstance(recipe, Recipe) and training.patience and training.patience_on == "nfr" and not recipe.old:
        raise UserError("Negative flips need an old model: name it with --old, or take --patience-on accuracy.")
    mixed = next((label_of(method) for method in _methods(recipe) if method.interpolates), "")
    judged = "--patience" if training.patience else "--keep best" if training.keeps == "best" else mixed
    if judged and not len(_validation(training, classes, dataset)):
        raise UserError(
            f"There is no validation part, on which {judged} chooses; keep one (--validation-fraction 0.1, and enough "
            "images of each class), or leave it out."
        )


def _validation(training: Training, classes: tuple[str, ...], dataset: Dataset) -> Indices:
    found = training_split(
        dataset,
        classes=classes,
        seed=training.splits_by,
        validation_fraction=training.validation_fraction,
        limit=training.limit_train,
    )
    return found[1]


def warnings(
    dataset: Dataset, methods: tuple[Method, ...], epochs: int, old_names: tuple[str, ...], store: Store | None = None
) -> list[Note]:
    """What the user should know before training: unreadable images, methods that do nothing of their own here."""
    notes = [Note(text=text, level="warning") for text in dataset.notes]
    if dataset.skipped:
        detail = "\n".join(f"{sample.sample_id}: {sample.reason}" for sample in dataset.skipped[:SHOWN_SKIPPED])
        notes.append(Note(text=skipped_sentence(dataset, store), level="warning", detail=detail))
    for method in methods:
        if method.needs_old and method.start_epoch >= epochs:
            text = (
                f"{method.name} begins to distil in epoch {method.start_epoch + 1}; in {epochs} it is plain training."
            )
            notes.append(Note(text=text, level="warning"))
    with_margin = [label_of(method) for method in methods if method.logit_margin]
    if with_margin and old_names and set(dataset.class_names) <= set(old_names):
        text = f"The old model knows every class: the logit margin b of {', '.join(with_margin)} has no effect."
        notes.append(Note(text=text))
    return notes
