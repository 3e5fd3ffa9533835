"""The candidate with the fewest old-class flips among those that stay accurate and may ship."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, at_offset, compare
from mpt_studio.decide.floor import below_floor
from mpt_studio.decide.judging import judge
from mpt_studio.decide.policy import Policy
from mpt_studio.decide.recommending import recommend

from ..compare.conftest import random_pair, version
from .conftest import counted

OLD = version([[1, 0]] * 9 + [[0, 1]] * 9 + [[1, 0]] * 2, "ab", "a" * 9 + "b" * 11, name="deployed")


def candidate(flipped: int, gained: int, name: str) -> Comparison:
    """An update that loses ``flipped`` of the nine samples of a and gains the two of b where ``gained``."""
    of_a = [[0, 1] if i < flipped else [1, 0] for i in range(9)]
    logits = of_a + [[0, 1]] * 9 + [[0, 1] if gained else [1, 0]] * 2
    return compare(OLD, version(logits, "ab", "a" * 9 + "b" * 11, name=name))


PLAIN = candidate(2, 1, "No_Treatment")  # accuracy 18/20, NFR 2/20


def test_that_fewest_flips_win_within_the_tolerance() -> None:
    made = {"p": PLAIN, "m": candidate(1, 1, "MPT_KL"), "l": candidate(0, 0, "MPT_LM")}
    found = recommend(PLAIN, made)
    assert (found.key, found.gamma) == ("l", 0.0)
    assert found.reason == (
        "MPT_LM has the lowest NFR (old classes, n=20): 0.0 % against 10.0 % with plain training; "
        "its accuracy (all, n=20) of 90.0 % is within 2 points of plain training's 90.0 %."
    )


def test_that_a_candidate_that_lost_too_much_accuracy_is_not_recommended() -> None:
    plain = candidate(1, 1, "No_Treatment")  # accuracy 19/20
    lossy = candidate(3, 1, "PCT_KL")
    assert recommend(plain, {"plain": plain, "careful": candidate(0, 1, "MPT_KL"), "lossy": lossy}).key == "careful"
    assert recommend(plain, {"plain": plain, "lossy": lossy}).key == "plain"


def test_that_equal_flips_go_to_the_more_accurate_then_to_the_first() -> None:
    made = {"x": candidate(1, 0, "x"), "y": candidate(1, 1, "y"), "z": candidate(1, 1, "z")}
    assert recommend(PLAIN, made).key == "y"


def test_that_plain_training_itself_can_be_the_recommendation() -> None:
    found = recommend(PLAIN, {"p": PLAIN, "worse": candidate(3, 1, "PCT_KL")}, tolerance=0.2)
    assert found.key == "p"
    assert found.reason.startswith("No_Treatment has the lowest NFR (old classes, n=20): 10.0 %, among")


def test_that_nothing_is_recommended_where_nothing_is_accurate_enough() -> None:
    found = recommend(PLAIN, {"worse": candidate(5, 1, "PCT_KL"), "worst": candidate(7, 1, "PCT_LM")})
    assert (found.key, found.nearest) == ("", "worse")
    assert found.reason == (
        "No candidate's accuracy (all, n=20) is within 2 points of plain training's 90.0 %: PCT_KL comes nearest with "
        "75.0 %."
    )


def test_that_what_nobody_would_ship_is_not_recommended_however_like_plain_training_it_is() -> None:
    plain = counted(**{f"c{i}": (10, 80, 0, 10) for i in range(10)})
    found = recommend(plain, {"plain": plain, "same": plain})
    assert (found.key, found.nearest) == ("", "plain")
    assert found.reason.startswith(
        "No candidate may be recommended. Nearest is v: Accuracy (mean of 10 classes, above chance, whatever the policy"
    )


def test_that_the_nfr_is_that_of_the_subset_on_show() -> None:
    plain = counted(a=(90, 10, 0, 0), b=(90, 0, 0, 10), new_c=(0, 0, 90, 10))
    every = recommend(plain, {"p": plain}, subset="all")
    assert "lowest NFR (all, n=300): 3.3 %" in every.reason
    for subset in (None, "old_classes", "new_classes"):  # new classes cannot flip
        assert "lowest NFR (old classes, n=200): 5.0 %" in recommend(plain, {"p": plain}, subset=subset).reason


def test_that_the_verdict_goes_before_the_figures() -> None:
    plain = counted(a=(960, 40, 0, 0), b=(940, 0, 60, 0), c=(100, 0, 0, 0))
    fewer = counted(a=(1000, 0, 0, 0), b=(940, 0, 60, 0), c=(70, 30, 0, 0))  # all of them in one class
    made = {"plain": plain, "fewer": fewer}
    asked = Policy(min_accuracy_gain=-0.01, max_class_nfr=0.06)
    assert recommend(plain, made).key == "fewer"
    found = recommend(plain, made, policy=asked)
    assert (found.key, found.verdict and found.verdict.decided) == ("plain", "ship")
    assert found.reason.startswith(
        "v may ship by the policy and has the lowest NFR of those: NFR (old classes, n=2,100)"
    )
    none = recommend(plain, made, policy=Policy(max_nfr=0.001))
    assert (none.key, none.nearest, none.verdict and none.verdict.decided) == ("", "fewer", "hold")
    assert none.reason.startswith("None may ship by the policy. Nearest is v (hold): NFR (old classes, n=2,100) 1.4 %")
    unclear = recommend(plain, made, policy=Policy(max_nfr=0.015))
    assert (unclear.key, unclear.verdict and unclear.verdict.decided) == ("fewer", "too little evidence")
    assert unclear.reason.startswith("None may ship by the policy. Nearest is v (too little evidence)")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tolerance=st.sampled_from([0.0, 0.05, 0.2]))
def test_that_the_recommended_offset_is_within_the_tolerance_and_beats_every_candidate_as_it_is(
    seed: int, tolerance: float
) -> None:
    made = _contenders(seed)
    found = recommend(made["plain"], made, tolerance, any_offset=True)
    as_is = recommend(made["plain"], made, tolerance)
    if not found.key:
        return
    view = at_offset(made[found.key], found.gamma)
    floor = (made["plain"].rates("all").accuracy_new or 0) - tolerance
    assert (view.rates("all").accuracy_new or 0) >= floor - 1e-9
    assert below_floor(view) is None
    if as_is.key:
        assert (view.rates("old_classes").nfr or 0) <= (made[as_is.key].rates("old_classes").nfr or 0) + 1e-9
    if found.gamma:
        assert f"γ = {abs(found.gamma):.2f}" in found.reason.replace("−", "")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), most=st.floats(0, 0.6), any_offset=st.booleans())
def test_that_the_recommendation_never_contradicts_the_verdict(seed: int, most: float, any_offset: bool) -> None:
    made = _contenders(seed)
    asked = Policy(max_nfr=most, min_accuracy_gain=-0.5, confidence=0.8)
    found = recommend(made["plain"], made, policy=asked, any_offset=any_offset)
    if not found.key:
        return
    view = at_offset(made[found.key], found.gamma)
    assert found.verdict == judge(view, asked)
    assert found.verdict is not None
    assert found.verdict.decided != "hold"
    if found.verdict.decided != "ship":
        assert all(judge(c, asked).decided != "ship" for c in made.values())
        assert found.reason.startswith("None may ship")


def _contenders(seed: int) -> dict[str, Comparison]:
    """Plain training and another one, both right more often than chance."""
    old, plain = random_pair(seed, samples=120, ties=False)
    right = (plain.labels[:, None] == range(5)) * 1.5
    plain = dataclasses.replace(plain, logits=(plain.logits + right).astype("float32"))
    other = dataclasses.replace(plain, logits=(plain.logits + right[::-1]).astype("float32"), version="other")
    return {"plain": compare(old, plain), "other": compare(old, other)}
