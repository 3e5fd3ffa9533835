"""How long an update will take on this machine: a few timed steps, and the plan of what is to be trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio.data import Dataset, training_split
from mpt_studio.jobs.beforehand import check_old_model, old_classes_of, with_start
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.plan import Planned, plan_of
from mpt_studio.jobs.read_weights import start_of
from mpt_studio.jobs.session import Session, absolute_file, absolute_start
from mpt_studio.recipe import Recipe, UpdateRecipe, checked

if TYPE_CHECKING:
    from mpt_studio.engine.train.cost import Cost

MIXED = 11
"""Evaluations of the validation part that a mixture takes."""
RENEWED = 10
"""Times that it computes statistics of batch normalisation: for every share but none, and for what is kept."""


@dataclass(frozen=True)
class Part:
    """One version's share."""

    label: str
    seconds: float


@dataclass(frozen=True)
class Images:
    """How many there are."""

    train: int
    validation: int
    test: int


def estimate(session: Session, recipe: UpdateRecipe, dataset: Dataset | None = None) -> dict[str, Any]:
    """Seconds that every version of an update will take, and all of them, on which device. Raises ``UserError``.

    {"seconds": …, "versions": [{"label": …, "seconds": …}], "device": …}. Teachers' answers that candidates share are
    counted with the first that asks for them.
    """
    recipe = checked(recipe)
    dataset = dataset or open_data(session, recipe.data)
    old = old_classes_of(session, recipe.old_classes, absolute_file(recipe.old), dataset)
    recipe = with_start(recipe, dataset)
    check_old_model(session, recipe, dataset)
    cost, counts = _cost(session, recipe, dataset)
    parts = shares(recipe, cost, counts, _share_of(old, dataset))
    return {
        "seconds": sum(part.seconds for part in parts),
        "versions": [asdict(part) for part in parts],
        "device": cost.device,
    }


def shares(recipe: UpdateRecipe, cost: Cost, counts: Images, of_old: float) -> list[Part]:
    """Every version's seconds, in the plan's order; ``of_old`` is the share of images that an own old model sees."""
    known, parts = set[str](), []
    for step in plan_of(recipe):
        share = of_old if step.role == "old" else 1.0
        parts.append(Part(step.label, _seconds(step, recipe, cost, counts, share, known)))
    return parts


def _cost(session: Session, recipe: UpdateRecipe, dataset: Dataset) -> tuple[Cost, Images]:
    from mpt_studio.engine.train.cost import measure
    from mpt_studio.engine.train.parts import Parts

    settings, start = recipe.training, absolute_start(recipe.start)
    train, validation = training_split(
        dataset,
        classes=dataset.class_names,
        seed=settings.splits_by,
        validation_fraction=settings.validation_fraction,
        limit=settings.limit_train,
    )
    one = Recipe(data=recipe.data, model=recipe.model, start=start, images=recipe.images, training=settings)
    parts = Parts(
        recipe=one,
        dataset=dataset,
        class_names=dataset.class_names,
        train=train,
        validation=validation,
        start=start_of(session, Path(start.file), recipe.model.arch) if start.file else None,
    )
    return measure(parts), Images(len(train), len(validation), len(dataset.test))


def _share_of(classes: tuple[str, ...], dataset: Dataset) -> float:
    """Of the training images, those of some classes."""
    wanted = [column for column, name in enumerate(dataset.class_names) if name in set(classes)]
    labels = dataset.labels[dataset.train]
    return float(sum((labels == column).sum() for column in wanted)) / max(1, len(labels))


def _seconds(step: Planned, recipe: UpdateRecipe, cost: Cost, counts: Images, share: float, known: set[str]) -> float:
    """Of one version; ``known`` holds whose answers are kept already, and grows."""
    epochs, images = recipe.training.epochs, share * counts.train
    everything = counts.train + counts.validation + counts.test
    judged = share * counts.validation * cost.look
    if step.method.interpolates:
        return (MIXED * counts.validation + _renewing(cost, counts) + counts.test) * cost.look
    teachers = sum(_weight(teacher, step) for teacher in step.method.taught_by if teacher not in known)
    known.update(step.method.taught_by)
    if cost.head_only:
        first = "features" not in known
        known.add("features")
        return (first + teachers) * (images + counts.validation + share * counts.test) * (cost.look + cost.read)
    taught = teachers * images * cost.look * max(0, epochs - step.method.start_epoch)
    reading = 0.0 if "images" in known else everything * cost.read
    known.add("images")
    frozen = epochs if recipe.start.freeze < 0 else min(recipe.start.freeze, epochs)
    learnt = images * (frozen * cost.learn_head + (epochs - frozen) * cost.learn)
    return learnt + epochs * judged + taught + reading + share * counts.test * cost.look


def _renewing(cost: Cost, counts: Images) -> int:
    """Images that a mixture's statistics are computed on."""
    from mpt_studio.engine.interpolation import STATISTICS_SAMPLES

    return RENEWED * min(STATISTICS_SAMPLES, counts.train) if cost.renews_statistics else 0


def _weight(teacher: str, step: Planned) -> int:
    """Networks that are asked."""
    return step.method.ensemble_size if teacher == "ensemble" else 1
