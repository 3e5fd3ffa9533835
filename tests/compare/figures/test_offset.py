"""A logit offset by array operations equals subtracting it from the logits and comparing anew."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import SUBSETS, Comparison, Filter, at_offset, compare, facets, flow, offsets, sort_rows
from mpt_studio.compare.figures.classes import class_table
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Predictions

from ..conftest import random_pair

ARRAYS = ("new_answer", "kinds", "to_new_class", "is_old_class", "truth", "old_answer", "marks", "sample_ids")
NUMBERS = ("new_confidence", "new_margin", "margin_drop", "confidence_lost", "truth_probability", "loss")


def shifted(update: Predictions, old: Predictions, gamma: float) -> Predictions:
    is_new = np.array([name not in old.class_names for name in update.class_names])
    return dataclasses.replace(update, logits=update.logits - np.float32(gamma) * is_new.astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    gamma=st.sampled_from([-30.0, -1.5, -0.3, 0.0, 0.25, 1.0, 2.5, 40.0]),
    known=st.integers(1, 5),
)
def test_that_an_offset_equals_comparing_shifted_logits(seed: int, gamma: float, known: int) -> None:
    old, update = random_pair(seed, known=known, ties=False)
    quick, anew = at_offset(compare(old, update), gamma), compare(old, shifted(update, old, gamma))
    for name in ARRAYS:
        assert np.array_equal(getattr(quick, name), getattr(anew, name)), name
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(quick, name), getattr(anew, name), atol=2e-5, rtol=1e-5, err_msg=name)
    for subset in SUBSETS:
        one, two = quick.rates(subset), anew.rates(subset)
        assert dataclasses.replace(one, confidence_lost=0) == dataclasses.replace(two, confidence_lost=0)
        assert one.confidence_lost == pytest.approx(two.confidence_lost, abs=1e-4)
    assert flow(quick) == flow(anew)
    assert class_table(quick).tolist() == class_table(anew).tolist()
    some = np.random.default_rng(seed).permutation(len(quick))[:9]
    for name in ("new_margin", "margin_drop", "new_confidence", "truth_probability", "old_margin"):
        found = at_offset(compare(old, update), gamma).at(name, some)
        np.testing.assert_allclose(found, getattr(quick, name)[some], rtol=1e-6, err_msg=name)
    rows = np.arange(len(quick))
    assert sort_rows(quick, rows, "id").tolist() == sort_rows(anew, rows, "id").tolist()


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    gamma=st.sampled_from([-30, -2, -1, -0.5, 0.5, 1, 2, 3, 40]),
    known=st.integers(1, 5),
)
def test_that_the_sliders_flips_are_those_of_the_kinds(seed: int, gamma: float, known: int) -> None:
    base = compare(*random_pair(seed, known=known))  # whole-number logits: many tie at γ
    quick, whole = at_offset(base, gamma), at_offset(base, gamma)
    assert quick.negative_flips.tolist() == np.flatnonzero(whole.kinds == FlipKind.NEGATIVE).tolist()
    few = quick.negative_flips
    lost = whole.new_confidence[few] - whole.truth_probability[few]
    np.testing.assert_allclose(quick.confidence_lost_at(few), lost, atol=1e-6)


def test_that_the_slider_rates_are_those_of_the_view(worked: Comparison) -> None:
    # leads (best new − best old): s0 −3, s1 2, s2 −2, s3 −1, s4 2, s5 −4; above γ = 2 nothing answers c
    for gamma in (-3.5, -1.0, 0.0, 1.0, 2.0):
        for subset in SUBSETS:
            quick, whole = offsets(worked).rates(gamma, subset), at_offset(worked, gamma).rates(subset)
            assert dataclasses.replace(quick, confidence_lost=0) == dataclasses.replace(whole, confidence_lost=0)
    assert offsets(worked).rates(2.0, "all").negative_flips == 1
    assert math.isnan(offsets(worked).rates(2.0, "all").confidence_lost)
    assert at_offset(worked, 2.0).to_new_class.tolist() == [False] * 6


def test_that_an_offset_shows_in_the_top_answers_and_shares_marks(worked: Comparison) -> None:
    moved = at_offset(worked, 2.5)
    assert [name for name, _, _ in moved.top("new", 1)] == ["a", "c", "b"]
    assert [name for name, _, _ in moved.top("old", 1)] == ["a", "b"]
    worked.set_marks({"s1": 2})  # type: ignore[dict-item]
    assert moved.marks.tolist() == [0, 2, 0, 0, 0, 0]
    assert at_offset(moved, 0) is worked


def test_that_filters_and_facets_take_an_offset_comparison(worked: Comparison) -> None:
    moved = at_offset(worked, 2.5)
    assert Filter(answers=("c",)).apply(moved).tolist() == []
    assert facets(moved, Filter()).answers == {"a": 4, "b": 2, "c": 0}


def test_that_an_offset_that_is_no_number_is_refused(worked: Comparison) -> None:
    with pytest.raises(UserError, match="is nan; give a number"):
        at_offset(worked, math.nan)


def test_that_an_update_without_new_classes_has_nothing_to_offset() -> None:
    old, update = random_pair(3, known=5)
    found = compare(old, update)
    assert at_offset(found, 3.0).kinds.tolist() == found.kinds.tolist()
    assert offsets(found).turns(100).tolist() == [0.0]
