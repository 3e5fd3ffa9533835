"""The plan of an update, made once: the job runs it, the window shows it. From the recipe alone: no torch, no data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mpt_studio.data.classes import SAY_OLD_CLASSES
from mpt_studio.data.sources import splits_itself
from mpt_studio.methods import METHODS, Method, label_of
from mpt_studio.recipe import Recipe, Role, UpdateRecipe

PLAIN = METHODS["No_Treatment"]


@dataclass(frozen=True)
class Planned:
    """One version that an update trains."""

    role: Role
    method: Method
    label: str
    seed_offset: int = 0
    """Added to the recipe's seed."""


def plan_of(recipe: UpdateRecipe) -> tuple[Planned, ...]:
    """The versions that an update trains, in order: teachers come before those that they teach.

    Raises ``UserError`` for unknown methods.
    """
    plain, *others = recipe.candidate_methods()
    plan = [] if recipe.old else [Planned("old", PLAIN, label_for("old", PLAIN))]
    plan.append(Planned("reference", plain, label_for("reference", plain)))
    if recipe.noise_floor:
        plan.append(Planned("noise_floor", PLAIN, f"{PLAIN.name}, other seed", seed_offset=1))
    size = recipe.ensemble_size if any(method.needs_ensemble for method in others) else 0
    plan += [Planned("ensemble", PLAIN, f"Ensemble {i + 1} of {size}", seed_offset=100 + i) for i in range(size)]
    return (*plan, *(Planned("candidate", method, label_for("candidate", method)) for method in others))


def waits_for(step: Planned, plan: Iterable[Planned]) -> frozenset[Planned]:
    """Those of a plan that come before a version: its teachers, what it is mixed of, the old model to compare with."""
    method = step.method
    roles = {"old"} if step.role not in ("old", "ensemble") else set()
    roles |= {"reference"} if method.needs_reference else set()
    roles |= {"ensemble"} if method.needs_ensemble else set()
    mixed = method.interpolates
    return frozenset(each for each in plan if each.role in roles or (mixed and label_of(each.method) == mixed))


def label_for(role: Role, method: Method) -> str:
    """What a version is called where nobody names it."""
    return "Old model" if role == "old" else label_of(method)


def old_model_problem(recipe: UpdateRecipe | Recipe) -> str:
    """Why it cannot be told which classes the old model knows, as a sentence; empty where it can."""
    if recipe.old and recipe.old_classes:
        return "Give the old model's checkpoint or its classes, not both: the checkpoint names its classes."
    told = recipe.old or recipe.old_classes or splits_itself(recipe.data)
    if isinstance(recipe, UpdateRecipe) and not told:
        return SAY_OLD_CLASSES
    return ""
