"""Seconds of a search from those of its base."""

from __future__ import annotations

import dataclasses

import pytest

from mpt_studio.gui.search.expected import expected, expected_words
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import Budget, SearchRecipe

SECONDS = {"Old model": 10.0, "No_Treatment": 20.0, "PCT_KL": 30.0, "MPT_KL": 50.0}
RECIPE = SearchRecipe(
    update=UpdateRecipe(methods="none,pct_kl,mpt_kl", noise_floor=False),
    budget=Budget(trials=10, finalists=2, finalist_seeds=1),
)


def test_that_trials_take_as_long_as_the_bases_own_candidates() -> None:
    assert expected(RECIPE, SECONDS) == pytest.approx(30 + (10 + 3) * 40)
    words = expected_words(RECIPE, SECONDS, "cpu")
    assert words == "About 9 min on the CPU: 10 trials at about 40 s each, then 3 trainings of the best."


def test_that_hours_are_kept_and_several_at_once_are_sooner() -> None:
    hours = dataclasses.replace(RECIPE, budget=dataclasses.replace(RECIPE.budget, hours=0.1))
    assert expected(hours, SECONDS) == 360
    two = dataclasses.replace(RECIPE, budget=dataclasses.replace(RECIPE.budget, jobs=2))
    assert expected(two, SECONDS) == pytest.approx(30 + (5 + 3) * 40)


def test_that_a_base_of_plain_training_alone_is_enough() -> None:
    alone = dataclasses.replace(RECIPE, update=UpdateRecipe(methods="none", noise_floor=False))
    assert expected(alone, SECONDS) == pytest.approx(30 + 13 * 20)
