from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.gui.train.form_fields import FieldSpec, field_docs, fields_of, flat_specs
from mpt_studio.methods import Method
from mpt_studio.recipe import Model, Training, UpdateRecipe
from mpt_studio.recipe.words import number_text


def spec(cls: type, name: str) -> FieldSpec:
    return next(field for field in fields_of(cls) if field.name == name)


def test_that_every_field_of_a_recipe_has_the_text_under_it_as_help() -> None:
    for cls in (UpdateRecipe, Model, Training, Method):
        missing = {f.name for f in fields_of(cls) if f.kind != "group" and not f.help}
        assert missing == set()
    assert field_docs(Training)["epochs"] == "Passes over the training data."


def test_that_ranges_come_from_the_types_and_read_as_words() -> None:
    assert spec(Training, "learning_rate").range_text == "more than 0 and at most 100"
    assert spec(Training, "epochs").range_text == "at least 1 and at most 100,000"
    assert spec(Training, "momentum").range_text == "at least 0 and less than 1"
    assert spec(UpdateRecipe, "data").range_text == ""


def test_that_values_at_an_open_end_are_refused_and_at_a_closed_end_taken() -> None:
    momentum = spec(Training, "momentum")
    assert momentum.problem(0.0) == ""
    assert momentum.problem(1.0) != ""
    rate = spec(Training, "learning_rate")
    assert rate.problem(0.0) != ""
    assert rate.problem(100.0) == ""


def test_that_only_optional_numbers_may_be_empty() -> None:
    assert spec(UpdateRecipe, "logit_margin").problem(None) == ""
    assert spec(Training, "epochs").problem(None) == "needs a number"


def test_that_ranges_name_the_words_and_never_the_numbers_behind_them() -> None:
    texts = {name: found.range_text for name, found in flat_specs(UpdateRecipe).items() if found.words}
    assert texts == {
        "model.image_size": "auto, or at least 1 and at most 1,024",
        "start.freeze": "none, always, or at least 1 and at most 100,000",
        "images.crop_area": "auto, or more than 0 and at most 1",
        "training.clip_gradient": "none, or more than 0",
        "training.ema": "none, or more than 0 and less than 1",
        "training.patience": "none, or at least 1 and at most 100,000",
        "training.crop_padding": "auto, none, or at least 1 and at most 64",
        "training.limit_train": "all, or at least 1",
        "training.split_seed": "auto, or at least 0 and at most 2,147,483,647",
    }


def test_that_no_sentence_on_screen_has_a_number_for_which_there_is_a_word() -> None:
    helps = [found.help for found in flat_specs(UpdateRecipe).values() if found.words]
    assert [text for text in helps if "(0)" in text or "(-1)" in text or "is 0" in text] == []


def test_that_kinds_follow_the_types() -> None:
    assert [f.kind for f in fields_of(UpdateRecipe)][-2:] == ["group", "group"]
    assert spec(Training, "optimizer").choices == ("sgd", "adamw")
    assert (spec(Training, "nesterov").kind, spec(Training, "seed").kind) == ("flag", "integer")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_that_the_text_of_a_number_reads_back_as_the_same_number(value: float) -> None:
    assert float(number_text(value)) == value


def test_that_short_numbers_are_written_short() -> None:
    assert [number_text(v) for v in (4.0, 5e-4, 0.1, 100_000)] == ["4", "0.0005", "0.1", "100000"]
