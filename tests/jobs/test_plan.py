"""The plan of an update: what is trained, in which order, under which label; and how an old model is told."""

from __future__ import annotations

import pytest

from mpt_studio.jobs.plan import old_model_problem, plan_of, waits_for
from mpt_studio.recipe import Recipe, UpdateRecipe


def test_that_the_plan_is_old_model_reference_and_then_the_candidates() -> None:
    plan = [(each.label, each.role, each.seed_offset) for each in plan_of(UpdateRecipe(methods="none,mpt_kl:1,pct_kl"))]
    assert plan == [
        ("Old model", "old", 0),
        ("No_Treatment", "reference", 0),
        ("MPT_KL b=1", "candidate", 0),
        ("PCT_KL", "candidate", 0),
    ]


def test_that_a_given_old_model_is_not_trained_and_an_ensemble_is_before_those_that_it_teaches() -> None:
    plan = plan_of(UpdateRecipe(old="x", methods="elodi", ensemble_size=2, noise_floor=True))
    assert [(each.role, each.label) for each in plan] == [
        ("reference", "No_Treatment"),
        ("noise_floor", "No_Treatment, other seed"),
        ("ensemble", "Ensemble 1 of 2"),
        ("ensemble", "Ensemble 2 of 2"),
        ("candidate", "ELODI"),
    ]
    assert len({each.seed_offset for each in plan[:4]}) == 4


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        (UpdateRecipe(), ""),
        (UpdateRecipe(data="folder:x"), "Say which classes"),
        (UpdateRecipe(data="folder:x", old_classes="3"), ""),
        (UpdateRecipe(data="folder:x", old="y"), ""),
        (UpdateRecipe(old="y", old_classes="3"), "not both"),
        (Recipe(data="folder:x"), ""),
        (Recipe(data="folder:x", old="y", old_classes="3"), "not both"),
    ],
)
def test_that_an_old_model_is_told_by_one_thing(recipe: UpdateRecipe | Recipe, problem: str) -> None:
    found = old_model_problem(recipe)
    assert problem in found
    assert bool(found) == bool(problem)


def test_that_each_version_waits_for_those_that_it_learns_from_and_no_other() -> None:
    recipe = UpdateRecipe(
        data="builtin", methods="none,pct_kl,mpt_kl:1,elodi,none@old,bcwi", ensemble_size=2, noise_floor=True
    )
    plan = plan_of(recipe)
    waits = {step.label: sorted(each.label for each in waits_for(step, plan)) for step in plan}
    plain = plan[1].label
    assert waits.pop("Old model") == []
    for member in ("Ensemble 1 of 2", "Ensemble 2 of 2"):
        assert waits.pop(member) == []
    found = {label: names for label, names in waits.items() if names != ["Old model"]}
    assert found == {
        "MPT_KL b=1": sorted([plain, "Old model"]),
        "ELODI": ["Ensemble 1 of 2", "Ensemble 2 of 2", "Old model"],
        plan[-1].label: sorted([plan[-2].label, "Old model"]),
    }
