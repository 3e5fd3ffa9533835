"""Intervals and tests against their definitions, and what a question needs to be settled."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.decide.intervals import ExactRate, Gain, Rate, at_most, further, holm, outcome, tail_of, z_of
from mpt_studio.flips import mcnemar_p, wilson

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
thresholds = st.floats(0, 1).map(lambda value: round(value, 3))
tails = st.sampled_from([0.05, 0.025, 0.005])


@st.composite
def gains(draw: st.DrawFn) -> Gain:
    n = draw(st.integers(1, 400))
    lost = draw(st.integers(0, n))
    return Gain(lost, draw(st.integers(0, n - lost)), n)


measures = st.one_of(counts.map(lambda c: Rate(*c)), counts.map(lambda c: ExactRate(*c)), gains())


def test_that_the_usual_interval_is_wilson_s_at_95_percent() -> None:
    assert tail_of(0.95) == 0.025
    assert Rate(8, 100).bounds(0.025, 0.025) == wilson(8, 100)
    assert z_of(0.005) == pytest.approx(2.5758293)


def test_that_intervals_are_those_of_the_books() -> None:
    assert ExactRate(1, 20).bounds(0.025, 0.025) == pytest.approx((0.001265, 0.248733), abs=1e-6)  # Clopper, Pearson
    assert Gain(lost=12, gained=2, samples=44).bounds(0.025, 0.025)[0] < -0.227  # Tango, table: −0.227 inside
    same = Gain(0, 0, 1000).bounds(0.025, 0.025)
    assert same == pytest.approx((-0.0038268, 0.0038268), abs=1e-6)  # z² / (n + z²), as Wilson's of none


def test_that_without_a_difference_the_paired_test_is_mcnemar_s() -> None:
    z = (9 - 3) / math.sqrt(12)
    assert Gain(3, 9, 100).p_above(0.0) == pytest.approx(0.5 * math.erfc(z / math.sqrt(2)))
    assert Gain(30, 50, 1000).p_above(0.0) * 2 == pytest.approx(mcnemar_p(30, 50), abs=0.01)  # which is exact


@given(counts, thresholds)
def test_that_the_binomial_tail_is_the_sum_of_its_terms(count: tuple[int, int], share: float) -> None:
    x, n = count
    n, x = min(n, 60), min(x, n, 60)
    whole = math.fsum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(x + 1))
    assert at_most(x, n, share) == pytest.approx(whole, abs=1e-12)


@given(measures, tails)
def test_that_an_interval_holds_its_value_and_its_ends_are_where_the_tests_turn(measure, tail: float) -> None:
    low, high = measure.bounds(tail, tail)
    assert low - 1e-12 <= measure.value <= high + 1e-12
    if not isinstance(measure, Rate):
        assert measure.p_above(low - 1e-6) <= tail or low <= 1e-6 - (1 if isinstance(measure, Gain) else 0)
        assert measure.p_below(high + 1e-6) <= tail or high >= 1 - 1e-6


@given(measures, thresholds, thresholds, st.booleans())
def test_that_an_easier_threshold_never_makes_the_outcome_worse(measure, one: float, two: float, most: bool) -> None:
    order = ("fail", "too little evidence", "pass")
    bounds = measure.bounds(0.025, 0.025)
    harder, easier = sorted((one, two)) if most else sorted((one, two), reverse=True)
    found = [order.index(outcome(bounds, threshold, is_most=most)) for threshold in (harder, easier)]
    assert found[0] <= found[1]


@settings(max_examples=200, deadline=None)
@given(measures, thresholds, tails)
def test_that_so_many_further_samples_settle_it_and_fewer_do_not(measure, threshold: float, tail: float) -> None:
    if measure.is_settled(threshold, tail):
        return
    more = further(measure, threshold, tail)
    if more is None:
        assert abs(measure.value - threshold) < 1e-4  # at the threshold, or so near that a lifetime is too short
        return
    n = measure.samples
    grown = measure.times((n + more) / n)
    assert grown.samples == pytest.approx(n + more)
    assert grown.value == pytest.approx(measure.value)
    assert outcome(grown.bounds(tail, tail), threshold, is_most=True) != "too little evidence"
    fewer = n + more - measure.step
    if fewer > n:
        assert not measure.times(fewer / n).is_settled(threshold, tail)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), tails)
def test_that_holm_passes_all_that_bonferroni_does_and_never_more_than_each_alone(ps: list[float], tail: float) -> None:
    levels = holm(ps, tail)
    passed = [p <= level for p, level in zip(ps, levels, strict=True)]
    assert all(p > tail / len(ps) or each for p, each in zip(ps, passed, strict=True))
    assert all(tail / len(ps) <= level <= tail for level in levels)
    worst = max((p for p, each in zip(ps, passed, strict=True) if each), default=-1.0)
    assert all(each for p, each in zip(ps, passed, strict=True) if p < worst)  # no smaller one is left out


def test_that_a_class_without_flips_needs_exactly_the_samples_of_the_rule_of_three() -> None:
    assert further(ExactRate(0, 30), 0.05, 0.025) == 42  # 0.95^72 is the first below 0.025


def test_that_holm_goes_down_step_by_step() -> None:
    assert holm([0.02, 0.01, 0.9], 0.05) == pytest.approx([0.025, 0.05 / 3, 0.05])
    assert holm([0.03, 0.01, 0.02], 0.05) == pytest.approx([0.05, 0.05 / 3, 0.025])
    assert holm([0.04, 0.03, 0.02], 0.05) == pytest.approx([0.05 / 3] * 3)  # the first one fails, and so do the others


@pytest.mark.parametrize(("count", "samples", "tail"), [(1, 2, 0.025), (0, 60, 2.5e-5), (30, 1000, 0.25), (9, 9, 0.01)])
def test_that_the_ends_of_an_exact_interval_leave_exactly_their_tails(count: int, samples: int, tail: float) -> None:
    low, high = ExactRate(count, samples).bounds(tail, tail)
    assert low == 0 or at_most(samples - count, samples, 1 - low) == pytest.approx(tail)
    assert high == 1 or at_most(count, samples, high) == pytest.approx(tail)
