"""Filters, facets and sorting on the worked example and against plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cause, Comparison, Filter, Samples, compare, facets, sort_rows
from mpt_studio.flips import FlipKind

from ..conftest import random_pair

ROWS = np.arange(6, dtype=np.int64)


@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        (Filter(), [0, 1, 2, 3, 4, 5]),
        (Filter(kinds=(FlipKind.NEGATIVE,)), [1, 2]),
        (Filter(kinds=(FlipKind.NEGATIVE, FlipKind.BOTH_WRONG)), [1, 2, 5]),
        (Filter(truths=("a",)), [0, 1]),
        (Filter(answers=("c", "a")), [0, 1, 2, 4]),
        (Filter(old_answers=("b",)), [2, 5]),
        (Filter(truths=("unheard of",)), []),
        (Filter(subset="new_classes"), [4, 5]),
        (Filter(min_drop=3), [1, 2]),
        (Filter(min_drop=0, max_drop=3), [0, 1]),
        (Filter(to_new_class=True), [1, 4]),
        (Filter(to_new_class=False, kinds=(FlipKind.NEGATIVE,)), [2]),
        (Filter(causes=(Cause.NEW_CLASS,)), [1]),
        (Filter(causes=(Cause.NEW_CLASS, Cause.OLD_OLD)), [1, 2]),
        (Filter(text="S3"), [3]),
        (Filter(samples=Samples(np.array([5, 1]), "a chart"), truths=("a",)), [1]),
    ],
)
def test_that_a_filter_keeps_what_fits(worked: Comparison, chosen: Filter, rows: list[int]) -> None:
    assert chosen.apply(worked).tolist() == rows


def test_that_chips_tell_each_field_and_can_be_removed_one_at_a_time() -> None:
    chosen = Filter(kinds=(FlipKind.NEGATIVE,), truths=("a", "b", "c", "d", "e"), min_drop=0.5, text="cat")
    assert chosen.chips() == [
        ("kinds", "negative flip"),
        ("truths", "true class: a or b or c or 2 more"),
        ("min_drop", "margin drop ≥ 0.5"),
        ("text", "id contains “cat”"),
    ]
    for field, _ in chosen.chips():
        assert field not in dict(chosen.without(field).chips())
        assert len(chosen.without(field).chips()) == 3
    assert Filter().chips() == []


def test_that_zero_and_false_are_filters_too() -> None:
    assert dict(Filter(min_drop=0.0, to_new_class=False).chips()) == {
        "min_drop": "margin drop ≥ 0",
        "to_new_class": "new answer is an old class",
    }


def test_that_each_facet_is_counted_with_the_other_filters_only(worked: Comparison) -> None:
    found = facets(worked, Filter(kinds=(FlipKind.NEGATIVE,), truths=("a",)))
    # kinds: among truths a (s0 right, s1 negative); truths: among negative flips (s1 of a, s2 of b); answers: s1 alone
    assert found.kinds == {
        FlipKind.BOTH_RIGHT: 1, FlipKind.NEGATIVE: 1, FlipKind.POSITIVE: 0, FlipKind.BOTH_WRONG: 0,
    }  # fmt: skip
    assert found.truths == {"a": 1, "b": 1, "c": 0}
    assert found.answers == {"a": 0, "b": 0, "c": 1}
    # s1 was stolen by c; s2, of truth b, is filtered out
    assert found.causes == {
        Cause.NEW_CLASS: 1, Cause.NEAR_TIE: 0, Cause.CONFIDENT_REVERSAL: 0, Cause.OLD_OLD: 0, Cause.SUSPECT_LABEL: 0,
    }  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.sets(st.sampled_from(FlipKind)),
    truths=st.sets(st.sampled_from([f"class {i}" for i in range(5)])),
)
def test_that_a_facets_count_is_what_choosing_it_shows(seed: int, kinds: set[FlipKind], truths: set[str]) -> None:
    found = compare(*random_pair(seed))
    chosen = Filter(kinds=tuple(kinds), truths=tuple(truths))
    counts = facets(found, chosen)
    for kind, count in counts.kinds.items():
        assert count == len(Filter(kinds=(kind,), truths=chosen.truths).apply(found))
    for name, count in counts.truths.items():
        assert count == len(Filter(kinds=chosen.kinds, truths=(name,)).apply(found))
    for name, count in counts.answers.items():
        assert count == len(Filter(kinds=chosen.kinds, truths=chosen.truths, answers=(name,)).apply(found))


def test_that_sorting_puts_undefined_margins_last_either_way(worked: Comparison) -> None:
    # drops: 0, 3, 5, −2, NaN, NaN
    assert sort_rows(worked, ROWS, "margin_drop", descending=True).tolist() == [2, 1, 0, 3, 4, 5]
    assert sort_rows(worked, ROWS, "margin_drop", descending=False).tolist() == [3, 0, 1, 2, 4, 5]


def test_that_sorting_by_class_goes_by_name_and_keeps_the_order_of_equals(worked: Comparison) -> None:
    rows = np.array([5, 3, 1, 0, 2, 4])
    assert sort_rows(worked, rows, "class", descending=False).tolist() == [1, 0, 3, 2, 5, 4]
    assert sort_rows(worked, rows, "class", descending=True).tolist() == [5, 4, 3, 2, 1, 0]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    key=st.sampled_from(["margin_drop", "confidence", "old_confidence", "class", "answer", "kind", "id", "order"]),
    descending=st.booleans(),
)
def test_that_sorting_equals_pythons_stable_sort(seed: int, key: str, descending: bool) -> None:
    found = compare(*random_pair(seed))
    rows = np.random.default_rng(seed).permutation(len(found))[:20]
    names = np.array(found.names)
    column = {
        "margin_drop": found.margin_drop, "confidence": found.new_confidence, "old_confidence": found.old_confidence,
        "class": names[found.truth], "answer": names[found.new_answer], "kind": found.kinds, "id": found.sample_ids,
        "order": np.arange(len(found)),
    }[key].tolist()  # fmt: skip
    defined = [r for r in rows.tolist() if not (isinstance(column[r], float) and math.isnan(column[r]))]
    undefined = [r for r in rows.tolist() if r not in defined]
    expected = sorted(defined, key=lambda r: column[r], reverse=descending) + undefined
    assert sort_rows(found, rows, key, descending).tolist() == expected  # type: ignore[arg-type]
