from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import compare
from mpt_studio.decide.floor import out_of_question

from ..compare.conftest import random_pair
from .conftest import counted


def test_that_chance_is_no_update() -> None:
    ten = {f"c{i}": (10, 90, 0, 0) for i in range(10)}
    assert out_of_question(counted(**ten)).startswith(
        "is hardly better than one answer to everything: of each of the 10"
    )
    assert out_of_question(counted(a=(500, 0, 0, 0), b=(0, 0, 0, 20)))  # 96 % right, all of them by one answer


def test_that_rare_classes_that_are_found_count_as_much_as_the_common_one() -> None:
    assert out_of_question(counted(usual=(9500, 50, 0, 0), crack=(0, 0, 40, 10))) == ""


def test_that_an_update_far_below_the_old_model_is_out_of_question() -> None:
    said = out_of_question(counted(a=(65, 30, 0, 5), b=(70, 25, 0, 5)))
    assert said == "is far below the old model: accuracy (old classes, n=200) of 67.5 % against 95.0 %"
    assert out_of_question(counted(a=(75, 20, 0, 5), b=(75, 20, 0, 5))) == ""


def test_that_one_class_alone_cannot_be_told_from_chance() -> None:
    assert out_of_question(counted(a=(90, 5, 5, 0))) == ""


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_that_random_answers_are_no_update(seed: int) -> None:
    assert out_of_question(compare(*random_pair(seed, samples=1000)))
