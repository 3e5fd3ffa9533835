"""How long a search will take, from what its base's versions were estimated to take. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping

from mpt_studio.jobs.plan import plan_of
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.units import count, estimated


def expected(recipe: SearchRecipe, seconds: Mapping[str, float]) -> float:
    """Seconds for plain training, all trials and the best again; within the hours that are allowed."""
    each, budget = _each(recipe, seconds), recipe.budget
    again = (budget.finalists + 1) * budget.finalist_seeds
    first = sum(seconds.get(step.label, 0.0) for step in plan_of(recipe.update) if step.role in ("old", "reference"))
    total = first + (budget.trials / budget.jobs + again) * each
    return min(total, budget.hours * 3600) if budget.hours else total


def _each(recipe: SearchRecipe, seconds: Mapping[str, float]) -> float:
    """Of a trial: as the base's own candidates, else as plain training."""
    steps = [step for step in plan_of(recipe.update) if not step.method.interpolates]
    own = [seconds[s.label] for s in steps if s.role == "candidate" and s.label in seconds]
    plain = [seconds[s.label] for s in steps if s.role == "reference" and s.label in seconds]
    return sum(own) / len(own) if own else sum(plain)


def expected_words(recipe: SearchRecipe, seconds: Mapping[str, float], device: str) -> str:
    """For whoever is about to press the button."""
    budget, each = recipe.budget, _each(recipe, seconds)
    again = (budget.finalists + 1) * budget.finalist_seeds
    more = f", then {count(again, 'training')} of the best" if again else ""
    parts = f"{count(budget.trials, 'trial')} at about {estimated(each)} each{more}"
    limit = f"; at most {budget.hours:g} h" if budget.hours else ""
    return f"About {estimated(expected(recipe, seconds))} on {device.replace('cpu', 'the CPU')}: {parts}{limit}."
