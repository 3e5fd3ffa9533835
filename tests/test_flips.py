"""Flip arithmetic, against numbers worked by hand and exact integer arithmetic."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.flips import FlipKind, Rates, flip_kinds, mcnemar_p, rates, wilson

counts = st.integers(0, 200)
tables = st.builds(Rates, counts, counts, counts, counts, st.just(0), st.just(0))

WORKED = Rates(60, 10, 20, 10, answers_changed=35, intrusions=4, confidence_lost=5.0)


def test_that_kinds_follow_from_who_was_right() -> None:
    old = np.array([True, True, False, False])
    new = np.array([True, False, True, False])
    assert flip_kinds(old, new).tolist() == [
        FlipKind.BOTH_RIGHT, FlipKind.NEGATIVE, FlipKind.POSITIVE, FlipKind.BOTH_WRONG,
    ]  # fmt: skip
    assert flip_kinds(old, new).dtype == np.uint8


def test_that_the_worked_table_has_its_rates() -> None:
    # a = 60, b = 10, c = 20, d = 10; n = 100
    assert WORKED.samples == 100
    assert (WORKED.accuracy_old, WORKED.accuracy_new) == (0.7, 0.8)  # (a+b)/n, (a+c)/n
    assert (WORKED.nfr, WORKED.pfr) == (0.1, 0.2)
    assert WORKED.relative_nfr == pytest.approx(0.1 / (0.7 * 0.2))
    assert (WORKED.nfi, WORKED.pfi) == (0.5, 0.25)  # 10/20, 20/80
    assert (WORKED.btc, WORKED.bec) == (60 / 70, 10 / 30)
    assert (WORKED.churn, WORKED.new_class_intrusion, WORKED.confidence_weighted_nfr) == (0.35, 0.4, 0.05)


def test_that_every_rate_has_its_interval_in_the_json_form() -> None:
    record = WORKED.to_json()
    assert {
        "samples", "both_right", "negative_flips", "positive_flips", "both_wrong", "accuracy_old", "accuracy_new",
        "nfr", "nfr_ci95", "pfr", "relative_nfr", "nfi", "pfi", "btc", "bec", "churn",
        "new_class_intrusion", "mcnemar_p",
    } <= set(record)  # fmt: skip
    for name in [key for key in record if f"{key}_ci95" in record]:
        low, high = record[f"{name}_ci95"]
        assert low < record[name] < high


def test_that_rates_of_nothing_are_undefined() -> None:
    record = Rates(0, 0, 0, 0, 0, 0).to_json()
    assert record.pop("mcnemar_p") == 1.0
    assert {value for value in record.values() if value != 0} == {None}


def test_that_relative_nfr_is_one_where_errors_are_independent() -> None:
    # old right 80 %, new right 50 %, independent: a, b, c, d = 40, 40, 10, 10
    assert Rates(40, 40, 10, 10, 0, 0).relative_nfr == 1.0


@given(table=tables)
def test_that_the_difference_of_accuracies_is_that_of_the_flips(table: Rates) -> None:
    if table.samples:
        assert table.accuracy_new is not None
        assert table.accuracy_old is not None
        assert table.pfr is not None
        assert table.nfr is not None
        assert table.accuracy_new - table.accuracy_old == pytest.approx(table.pfr - table.nfr)


@given(table=tables)
def test_that_every_rate_is_none_or_between_nought_and_one(table: Rates) -> None:
    for name, value in table.to_json().items():
        if name in ("accuracy_old", "accuracy_new", "nfr", "pfr", "nfi", "pfi", "btc", "bec"):
            assert value is None or 0 <= value <= 1


@pytest.mark.parametrize(
    ("count", "samples", "low", "high"),
    [
        (1, 10, 0.0178762, 0.4041500),  # (p + z²/2n ∓ z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n) with p = 0.1, n = 10
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (50, 100, 0.4038315, 0.5961685),
    ],
)
def test_that_the_interval_is_wilsons(count: int, samples: int, low: float, high: float) -> None:
    assert wilson(count, samples) == pytest.approx((low, high), abs=2e-7)


@given(samples=st.integers(1, 10**7), share=st.floats(0, 1))
def test_that_the_interval_holds_the_rate_and_mirrors(samples: int, share: float) -> None:
    count = round(share * samples)
    found, mirrored = wilson(count, samples), wilson(samples - count, samples)
    assert found is not None
    assert mirrored is not None
    assert 0 <= found[0] <= count / samples <= found[1] <= 1
    assert found == pytest.approx((1 - mirrored[1], 1 - mirrored[0]), abs=1e-9)


def test_that_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None


def exact(negative: int, positive: int) -> float:
    n, few = negative + positive, min(negative, positive)
    return float(min(Fraction(1), Fraction(2 * sum(math.comb(n, k) for k in range(few + 1)), 2**n)))


@pytest.mark.parametrize(
    ("negative", "positive", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),  # 2 · 1/2
        (5, 0, 0.0625),  # 2 / 2⁵
        (1, 5, 0.21875),  # 2 · (1 + 6) / 2⁶
        (3, 3, 1.0),  # both tails hold the middle: capped
    ],
)
def test_that_mcnemar_is_the_binomial_tail_worked_by_hand(negative: int, positive: int, p: float) -> None:
    assert mcnemar_p(negative, positive) == pytest.approx(p, rel=1e-14)


@settings(max_examples=200, deadline=None)
@given(negative=st.integers(0, 800), positive=st.integers(0, 800))
def test_that_mcnemar_equals_exact_integer_arithmetic(negative: int, positive: int) -> None:
    assert mcnemar_p(negative, positive) == pytest.approx(exact(negative, positive), rel=1e-12, abs=1e-300)
    assert mcnemar_p(negative, positive) == mcnemar_p(positive, negative)


@pytest.mark.parametrize("lead", [0, 500, 1000, 2000, 3000])
def test_that_mcnemar_nears_the_normal_approximation_for_a_million_flips(lead: int) -> None:
    n = 1_000_000
    negative, positive = (n - lead) // 2, (n + lead) // 2
    z = max(0.0, abs(negative - positive) - 1) / math.sqrt(n)  # with the continuity correction
    assert mcnemar_p(negative, positive) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=2e-3)


def test_that_mcnemar_of_a_million_flips_takes_no_time() -> None:
    before = time.thread_time()
    assert mcnemar_p(0, 1_000_000) == 0.0
    assert mcnemar_p(500_000, 500_000) == 1.0
    assert time.thread_time() - before < 1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), samples=st.integers(0, 60))
def test_that_counting_with_arrays_equals_counting_one_by_one(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 4, samples).astype(np.uint8)
    changed, new, where = (rng.random(samples) < 0.5 for _ in range(3))
    lost = rng.random(samples, dtype=np.float32)
    found = rates(kinds, changed, new, lost, where)
    rows = [i for i in range(samples) if where[i]]
    negative = [i for i in rows if kinds[i] == FlipKind.NEGATIVE]
    assert found == Rates(
        *(sum(kinds[i] == kind for i in rows) for kind in FlipKind),
        answers_changed=sum(bool(changed[i]) for i in rows),
        intrusions=sum(bool(new[i]) for i in negative),
        confidence_lost=math.fsum(float(lost[i]) for i in negative),
    )


def test_that_the_order_of_samples_does_not_move_the_last_digit() -> None:
    rng = np.random.default_rng(0)
    lost, shuffled = rng.random(1000), rng.permutation(1000)
    kinds, no = np.full(1000, FlipKind.NEGATIVE, dtype=np.uint8), np.zeros(1000, dtype=bool)
    assert rates(kinds, no, no, lost) == rates(kinds, no, no, lost[shuffled])
