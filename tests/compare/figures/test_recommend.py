"""The candidate with the fewest old-class flips among those that stay accurate."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, at_offset, compare, recommend, recommend_offset

from ..conftest import random_pair, version

OLD = version([[1, 0]] * 10, "ab", "aaaaaaaaab", name="deployed")  # right on the nine samples of a


def candidate(flipped: int, gained: int, name: str) -> Comparison:
    """An update that loses ``flipped`` samples of a and gains the one of b where ``gained``."""
    logits = [[0, 1] if i < flipped else [1, 0] for i in range(9)] + [[0, 1] if gained else [1, 0]]
    return compare(OLD, version(logits, "ab", "aaaaaaaaab", name=name))


PLAIN = candidate(2, 1, "No_Treatment")  # accuracy 8/10, NFR 2/10


def test_that_fewest_flips_win_within_the_tolerance() -> None:
    made = {"p": PLAIN, "m": candidate(1, 1, "MPT_KL"), "l": candidate(0, 0, "MPT_LM")}
    found = recommend(PLAIN, made)
    assert found.key == "l"
    assert found.reason == (
        "MPT_LM has the lowest NFR (old classes, n=10): 0.0 % against 20.0 % with plain training; "
        "its accuracy (all, n=10) of 90.0 % is within 2 points of plain training's 80.0 %."
    )


def test_that_a_candidate_that_lost_too_much_accuracy_is_not_recommended() -> None:
    plain = candidate(1, 1, "No_Treatment")  # accuracy 9/10
    made = {"plain": plain, "careful": candidate(0, 0, "MPT_KL"), "lossy": candidate(3, 1, "PCT_KL")}
    assert recommend(plain, made).key == "careful"
    assert recommend(plain, {"plain": plain, "lossy": candidate(3, 1, "PCT_KL")}).key == "plain"


def test_that_equal_flips_go_to_the_more_accurate_then_to_the_first() -> None:
    made = {"x": candidate(1, 0, "x"), "y": candidate(1, 1, "y"), "z": candidate(1, 1, "z")}
    assert recommend(PLAIN, made).key == "y"


def test_that_plain_training_itself_can_be_the_recommendation() -> None:
    found = recommend(PLAIN, {"p": PLAIN, "worse": candidate(3, 1, "PCT_KL")}, tolerance=0.2)
    assert found.key == "p"
    assert found.reason.startswith("No_Treatment has the lowest NFR (old classes, n=10): 20.0 %, among")


def test_that_nothing_is_recommended_where_nothing_is_accurate_enough() -> None:
    found = recommend(PLAIN, {"worse": candidate(5, 1, "PCT_KL")})
    assert found.key == ""
    assert "No candidate's accuracy (all, n=10) is within 2 points" in found.reason


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tolerance=st.sampled_from([0.0, 0.05, 0.2]))
def test_that_the_recommended_offset_is_within_the_tolerance_and_beats_every_candidate_as_it_is(
    seed: int, tolerance: float
) -> None:
    old, plain = random_pair(seed, ties=False)
    other = dataclasses.replace(plain, logits=plain.logits[::-1].copy(), version="other")
    made = {"plain": compare(old, plain), "other": compare(old, other)}
    found, as_is = recommend_offset(made["plain"], made, tolerance), recommend(made["plain"], made, tolerance)
    view = at_offset(made[found.key], found.gamma)
    floor = (made["plain"].rates("all").accuracy_new or 0) - tolerance
    assert (view.rates("all").accuracy_new or 0) >= floor - 1e-9
    assert (view.rates("old_classes").nfr or 0) <= (made[as_is.key].rates("old_classes").nfr or 0) + 1e-9
    assert f"{abs(found.gamma):.2f}" in found.reason
