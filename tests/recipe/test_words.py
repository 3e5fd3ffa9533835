from __future__ import annotations

import dataclasses

from mpt_studio.recipe import Recipe, UpdateRecipe, preset
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.recipe.words import Difference, differences, in_words, title_for

PLAIN = UpdateRecipe()


def with_training(**values: object) -> UpdateRecipe:
    return dataclasses.replace(PLAIN, training=dataclasses.replace(PLAIN.training, **values))


def test_that_only_fields_that_differ_are_told_with_words_for_numbers_that_have_some() -> None:
    frozen = dataclasses.replace(PLAIN, start=dataclasses.replace(PLAIN.start, freeze=-1))
    assert differences(PLAIN, PLAIN) == []
    assert differences(PLAIN, frozen) == [Difference("start.freeze", "none", "always")]
    assert differences(PLAIN, with_training(seed=7, nesterov=True)) == [
        Difference("training.nesterov", "no", "yes"),
        Difference("training.seed", "42", "7"),
    ]


def test_that_an_empty_field_says_what_it_means() -> None:
    assert in_words(PLAIN, "old") == "train one"
    assert in_words(PLAIN, "logit_margin") == "each method's own"
    assert in_words(Recipe(data="builtin"), "ensemble") == "none"
    told = "Plain training, Keep close (PCT_KL), Margin (MPT_KL), Margin (MPT_LM)"
    assert in_words(PLAIN, "methods") == told  # plain names first, as everywhere
    assert in_words(SearchRecipe(), "space.search_methods") == "auto"


def test_that_lists_that_are_written_otherwise_do_not_differ() -> None:
    assert differences(PLAIN, dataclasses.replace(PLAIN, methods="none, pct_kl,mpt_kl ,mpt_lm")) == []


def test_that_a_version_s_recipe_can_be_held_against_an_update_s() -> None:
    told = {each.name: each for each in differences(PLAIN, Recipe(data="builtin"))}
    assert told["methods"].other == "–"
    assert told["method.name"].one == "–"
    assert "data" not in told


def test_that_a_title_says_what_differs_and_is_never_there_twice() -> None:
    others: list[tuple[str, UpdateRecipe]] = []
    for recipe in (PLAIN, with_training(seed=2), dataclasses.replace(PLAIN, methods="none"), PLAIN, PLAIN):
        others.insert(0, (title_for(recipe, others), recipe))
    assert [title for title, _ in reversed(others)] == [
        "Update on builtin",
        "Update on builtin: seed 2",
        "Update on builtin: methods Plain training",
        "Update on builtin (2)",
        "Update on builtin (3)",
    ]


def test_that_a_title_of_one_s_own_is_kept_and_numbered_only_where_it_is_taken() -> None:
    quick = preset("try-it-now").recipe
    assert title_for(quick, [], "Try it now") == "Try it now"
    assert title_for(quick, [("Try it now", quick)], "Try it now") == "Try it now (2)"
