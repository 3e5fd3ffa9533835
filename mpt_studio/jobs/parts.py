"""What a training is given, from its recipe: data, classes, teachers, and the weights that it begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data import Dataset, training_split
from mpt_studio.jobs.beforehand import version_classes
from mpt_studio.jobs.old_model import check_methods, named, old_model
from mpt_studio.jobs.read_weights import checkpoint_of, start_of
from mpt_studio.jobs.session import Session
from mpt_studio.recipe import Recipe

if TYPE_CHECKING:
    from mpt_studio.engine.train.parts import Parts


def parts_of(session: Session, recipe: Recipe, dataset: Dataset, answers: Path | None) -> Parts:
    """Everything that a recipe's training is given. Raises ``UserError`` for what is missing or does not fit.

    ``answers`` is where candidates keep their teachers' answers for each other.
    """
    from mpt_studio.engine.train.parts import Parts

    classes, old_classes = version_classes(session, recipe, dataset)
    old = old_model(session, Path(recipe.old), dataset) if recipe.old else None
    if old is not None:
        check_methods(old, (recipe.method,), recipe.images)
    settings = recipe.training
    train_part, validation = training_split(
        dataset,
        classes=classes,
        seed=settings.splits_by,
        validation_fraction=settings.validation_fraction,
        limit=settings.limit_train,
    )

    def version(path: str) -> Checkpoint:
        return checkpoint_of(session, Path(path), data_classes=dataset.class_names)

    return Parts(
        recipe=recipe,
        dataset=dataset,
        class_names=classes,
        old_class_names=old_classes,
        train=train_part,
        validation=validation,
        old=named(old, old_classes) if old else None,
        start=start_of(session, Path(recipe.start.file), recipe.model.arch) if recipe.start.file else None,
        reference=version(recipe.reference) if recipe.reference else None,
        ensemble=tuple(version(path) for path in recipe.ensemble),
        answers=answers,
    )
