"""Ranges and words of a space, and the method that a proposal stands for."""

from __future__ import annotations

import pytest

from mpt_studio.errors import UsageError
from mpt_studio.jobs.search.space import METHODS, Dimensions, rounded
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import Space


def dimensions(can_start: bool = True, methods: str = "none,pct_kl,mpt_kl,mpt_lm", **space: str) -> Dimensions:
    return Dimensions(Space(**space), UpdateRecipe(methods=methods), METHODS, can_start)


def names(method: str, **space: str) -> list[str]:
    return [dimension.name for dimension in dimensions(**space).asked_of(method)]


def test_that_a_method_is_asked_only_for_what_it_has() -> None:
    assert names("none") == ["start", "learning_rate"]
    assert names("mpt_nodistillation") == ["start", "learning_rate", "logit_margin"]
    assert names("mpt_kl", search_temperature="2:8") == [
        *("start", "learning_rate", "logit_margin", "weight", "temperature"),
    ]
    assert "temperature" not in names("mpt_lm", search_temperature="2:8")


def test_that_a_proposal_is_a_method_with_its_own_numbers() -> None:
    step = dimensions().trained(
        7, {"method": "mpt_lm", "start": "old", "learning_rate": 0.02, "logit_margin": 2.5, "weight": 2.0}
    )
    method = step.method
    assert (method.logit_margin, method.old_weight, method.new_weight, method.from_old) == (2.5, 0.8, 0.8, True)
    assert (step.label, step.learning_rate) == ("#7 MPT_LM b=2.5 @old lr=0.02", 0.02)


def test_that_what_is_not_varied_is_the_methods_or_the_recipes_own() -> None:
    found = dimensions(search_logit_margin="", search_weight="", search_learning_rate="")
    step = found.trained(1, {"method": "mpt_kl", "start": "recipe"})
    assert (step.method.logit_margin, step.method.old_weight, step.learning_rate) == (4.0, 1.0, 0.0)
    assert step.label == "#1 MPT_KL"


def test_that_one_number_is_fixed_and_used() -> None:
    fixed = dimensions(search_logit_margin="1.5")
    assert (fixed["logit_margin"].low, fixed["logit_margin"].high) == (1.5, 1.5)


def test_that_the_recipes_methods_come_first_where_the_space_has_them() -> None:
    all_of_them = dimensions(methods="none,pct_kl,mpt_kl:2@old,bcwi,elodi").first()
    assert [(p["method"], p["start"], p.get("logit_margin")) for p in all_of_them] == [
        ("pct_kl", "recipe", None),
        ("mpt_kl", "old", 2.0),
    ]
    assert dimensions(search_logit_margin="0:1").first() == dimensions(methods="none,pct_kl").first()
    assert dimensions(search_methods="mpt_lm", methods="none,pct_kl").first() == []


def test_that_no_trial_starts_from_an_old_model_that_has_no_such_weights() -> None:
    assert dimensions(can_start=False)["start"].choices == ("recipe",)


def test_that_numbers_have_three_digits() -> None:
    assert rounded({"method": "none", "learning_rate": 0.0123456}) == {"method": "none", "learning_rate": 0.0123}


@pytest.mark.parametrize("text", ["1:nan", "inf", "1:inf", "::", "1:2:3", "2:1", "1e-3:-1"])
def test_that_what_is_no_range_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(UsageError, match="--search-weight"):
        dimensions(search_weight=text)
