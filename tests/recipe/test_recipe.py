"""Recipes: the eleven methods, their names, their JSON form and their ranges."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio import methods, recipe
from mpt_studio.errors import UserError
from mpt_studio.methods import METHODS, Method, label_of, method_named
from mpt_studio.recipe import Images, Model, Recipe, Start, Training, UpdateRecipe


def test_that_the_eleven_published_methods_are_there() -> None:
    assert list(METHODS)[:11] == [
        "No_Treatment", "PCT_Naive", "PCT_KL", "PCT_LM", "ELODI", "ELODI_topk", "MPT_KL", "MPT_LM",
        "MPT_nodistillation", "MPT_KL_nobias", "MPT_LM_nobias",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "distillation", "teachers", "margin", "weights"),
    [
        ("No_Treatment", "none", "none", 0, (1, 1)),
        ("PCT_Naive", "naive", "old", 0, (1, 1)),
        ("PCT_KL", "focal_kl", "old", 0, (1, 1)),
        ("PCT_LM", "focal_lm", "old", 0, (0.4, 0.4)),
        ("ELODI", "lm", "old_and_ensemble", 0, (0.6, 0.4)),
        ("ELODI_topk", "lm_topk", "old_and_ensemble", 0, (0.6, 0.4)),
        ("MPT_KL", "focal_kl", "old_and_reference", 4, (1, 1)),
        ("MPT_LM", "focal_lm", "old_and_reference", 4, (0.4, 0.4)),
        ("MPT_nodistillation", "none", "none", 4, (1, 1)),
        ("MPT_KL_nobias", "focal_kl", "old_and_reference", 0, (1, 1)),
        ("MPT_LM_nobias", "focal_lm", "old_and_reference", 0, (0.4, 0.4)),
    ],
)
def test_that_each_method_has_its_published_parts(
    name: str, distillation: str, teachers: str, margin: float, weights: tuple[float, float]
) -> None:
    method = METHODS[name]
    assert (method.distillation, method.teachers, method.logit_margin) == (distillation, teachers, margin)
    assert (method.old_weight, method.new_weight) == weights
    assert (method.temperature, method.focal_alpha, method.focal_beta, method.topk) == (5, 1, 5, 10)
    assert method.start_epoch == (6 if name.startswith("ELODI") else 0)
    assert method.needs_old == (teachers != "none")
    assert method.needs_reference == (teachers == "old_and_reference")
    assert method.needs_ensemble == (teachers == "old_and_ensemble")


@pytest.mark.parametrize("name", METHODS)
def test_that_published_and_lower_case_names_are_accepted(name: str) -> None:
    for spelled in (name, name.lower(), name.upper(), f" {name} ", name.replace("_", "-")):
        assert method_named(spelled) == METHODS[name]


def test_that_short_names_and_margins_of_their_own_are_accepted() -> None:
    assert method_named("none") == METHODS["No_Treatment"]
    assert method_named("mpt_no_distillation") == METHODS["MPT_nodistillation"]
    assert method_named("mpt_kl:2").logit_margin == 2
    assert method_named("mpt_kl:2", logit_margin=1).logit_margin == 2
    assert method_named("mpt_kl", logit_margin=1).logit_margin == 1
    assert method_named("pct_kl", logit_margin=1).logit_margin == 0  # a method without a margin keeps none


@pytest.mark.parametrize("name", ["", "mpt", "MPT KL", "mpt_kl:", "mpt_kl:x", "mpt_kl:-1", "mpt_kl:99", "mpt_kl:nan"])
def test_that_an_unknown_name_or_margin_is_refused_with_a_sentence(name: str) -> None:
    if name == "mpt_kl:":
        assert method_named(name) == METHODS["MPT_KL"]
        return
    with pytest.raises(UserError) as caught:
        method_named(name)
    assert str(caught.value).endswith(".")


def test_that_labels_tell_a_changed_margin() -> None:
    assert label_of(METHODS["MPT_KL"]) == "MPT_KL"
    assert label_of(method_named("mpt_kl:2.5")) == "MPT_KL b=2.5"
    assert label_of(Method(name="mine")) == "mine"


def test_that_the_plain_method_is_always_the_first_candidate_and_each_comes_once() -> None:
    chosen = UpdateRecipe(methods="mpt_kl, none,MPT_KL ,mpt_kl:2,", ensemble_size=3).candidate_methods()
    assert [label_of(m) for m in chosen] == ["No_Treatment", "MPT_KL", "MPT_KL b=2"]
    assert {m.ensemble_size for m in chosen} == {3}


recipes = st.builds(
    Recipe,
    data=st.text(),
    old_classes=st.text(),
    ensemble=st.lists(st.text(), max_size=3).map(tuple),
    method=st.sampled_from(list(METHODS.values())),
    model=st.builds(Model, arch=st.text(), image_size=st.integers(0, 1024)),
    training=st.builds(
        Training,
        epochs=st.integers(1, 100_000),
        learning_rate=st.floats(1e-9, 100),
        weight_decay=st.floats(0, 10),
        seed=st.integers(0, 2**31 - 1),
    ),
)


@given(made=recipes)
def test_that_a_recipe_survives_its_json_form(made: Recipe) -> None:
    assert recipe.from_json(Recipe, recipe.to_json(made)) == made
    assert recipe.checked(made) == made


def test_that_an_empty_form_takes_every_default() -> None:
    assert recipe.from_json(UpdateRecipe, {}) == UpdateRecipe()
    assert recipe.from_json(Recipe, {"data": "builtin"}) == Recipe(data="builtin")


@pytest.mark.parametrize("cls", [Recipe, UpdateRecipe])
def test_that_a_field_that_decides_nothing_any_more_is_passed_over(cls: type[Recipe] | type[UpdateRecipe]) -> None:
    old = {"data": "builtin", "training": {"compile": "on", "epochs": 3}}
    before = {"start": Start(start="scratch"), "images": Images(crop="pad")}
    assert recipe.from_record(cls, old) == cls(data="builtin", training=Training(epochs=3), **before)


@pytest.mark.parametrize("cls", [Recipe, UpdateRecipe])
def test_that_a_recipe_on_disk_from_before_starts_could_be_chosen_means_what_it_meant(
    cls: type[Recipe] | type[UpdateRecipe],
) -> None:
    found = recipe.from_record(cls, {"data": "builtin", "training": {}})
    assert (found.start.start, found.images.crop) == ("scratch", "pad")
    assert recipe.from_record(cls, recipe.to_json(cls(data="builtin"))) == cls(data="builtin")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"data": "x", "compile": "on"}, "has a field 'compile' that this version"),
        ({"data": "x", "colour": 1}, "has a field 'colour' that this version"),
        ({"data": "x", "training": {"epoch": 1}}, "has a field 'training.epoch' that this version"),
        ({"data": "x", "training": {"epochs": 0}}, "training.epochs is 0: input should be greater than or equal to 1."),
        ({"data": "x", "training": {"learning_rate": float("nan")}}, "training.learning_rate is"),
        ({"data": "x", "training": {"momentum": 1}}, "training.momentum is 1: "),
        ({"data": "x", "training": {"optimizer": "adam"}}, "training.optimizer is 'adam': "),
        ({"data": "x", "training": []}, "training is"),
        ({}, "data"),
    ],
)
def test_that_a_wrong_field_is_named_in_a_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        recipe.from_json(Recipe, values)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")


def test_that_a_value_out_of_range_set_in_code_is_found_by_checked() -> None:
    wrong = dataclasses.replace(Recipe(data="builtin"), training=Training(batch_size=0))
    with pytest.raises(UserError, match="batch_size is 0"):
        recipe.checked(wrong)


def test_that_every_field_has_help() -> None:
    import ast
    import inspect

    source = inspect.getsource(methods) + inspect.getsource(recipe).replace("from __future__ import annotations", "")
    forms = {cls.__name__ for cls in (Method, Model, Start, Images, Training, Recipe, UpdateRecipe)}
    for cls in (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name in forms):
        for field, after in zip(cls.body, cls.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                nested = field.target.id in ("method", "model", "start", "images", "training")
                assert nested or (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)), (
                    field.target.id
                )


def test_that_a_name_says_that_its_candidate_goes_on_from_the_old_model() -> None:
    method = method_named("mpt_kl:2@old")
    assert (method.from_old, method.logit_margin, label_of(method)) == (True, 2.0, "MPT_KL b=2 @old")
    assert label_of(method_named("none@old")) == "No_Treatment @old"


@pytest.mark.parametrize("name", ["none@new", "none@", "bcwi", "mpt_kl@old:2"])
def test_that_a_start_that_is_none_gets_a_sentence(name: str) -> None:
    with pytest.raises(UserError) as caught:
        method_named(name)
    assert str(caught.value).endswith(".")


def test_that_bcwi_mixes_the_last_candidate_from_the_old_model_before_it() -> None:
    chosen = UpdateRecipe(methods="none@old,mpt_kl,bcwi,mpt_kl:2@old,bcwi").candidate_methods()
    assert [label_of(m) for m in chosen] == [
        "No_Treatment", "No_Treatment @old", "MPT_KL", "BCWI of No_Treatment @old", "MPT_KL b=2 @old",
        "BCWI of MPT_KL b=2 @old",
    ]  # fmt: skip
    with pytest.raises(UserError, match="none@old,bcwi"):
        UpdateRecipe(methods="mpt_kl,bcwi").candidate_methods()
