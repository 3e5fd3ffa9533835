from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, compare
from mpt_studio.decide import Policy, judge
from mpt_studio.decide.floor import below_floor

from ..compare.conftest import random_pair
from .conftest import counted


def said(comparison: Comparison) -> str:
    found = below_floor(comparison)
    return found.brief() if found is not None else ""


def test_that_chance_is_no_update() -> None:
    ten = {f"c{i}": (10, 90, 0, 0) for i in range(10)}
    assert said(counted(**ten)) == (
        "Accuracy (mean of 10 classes, above chance, whatever the policy, n=1,000) is 10.00 % [8.12 to 11.88], "
        "at least 19.00 % is asked"
    )
    assert said(counted(a=(500, 0, 0, 0), b=(0, 0, 0, 20)))  # 96 % right, all of them by one answer


def test_that_rare_classes_that_are_found_count_as_much_as_the_common_one() -> None:
    assert said(counted(usual=(9500, 50, 0, 0), crack=(0, 0, 40, 10))) == ""


def test_that_an_update_far_below_the_old_model_is_out_of_question() -> None:
    assert said(counted(a=(55, 40, 0, 5), b=(70, 25, 0, 5))) == (
        "Accuracy gain (old classes, whatever the policy, n=200) is −32.50 points [−39.27 to −26.39], "
        "at least −25.00 points is asked"
    )
    assert said(counted(a=(75, 20, 0, 5), b=(75, 20, 0, 5))) == ""


def test_that_few_samples_do_not_make_it_sure() -> None:
    assert said(counted(a=(245, 5, 0, 0), b=(0, 0, 0, 1))) == ""  # half of the classes on average, of one sample
    assert said(counted(a=(65, 30, 0, 5), b=(70, 25, 0, 5))) == ""


def test_that_one_class_alone_cannot_be_told_from_chance() -> None:
    assert said(counted(a=(90, 5, 5, 0))) == ""


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_that_random_answers_are_no_update(seed: int) -> None:
    assert said(compare(*random_pair(seed, samples=1000)))


def test_that_every_verdict_holds_what_nobody_would_ship_whatever_the_policy_asks() -> None:
    verdict = judge(counted(a=(55, 40, 0, 5), b=(70, 25, 0, 5)), Policy(max_nfr=0.9))
    assert (verdict.decided, [each.key for each in verdict.open_findings]) == ("hold", ["floor"])
    assert verdict.to_json()["criteria"][-1]["key"] == "floor"
    assert judge(counted(a=(75, 20, 0, 5), b=(75, 20, 0, 5)), Policy(max_nfr=0.9)).decided == "ship"
