"""Filters on the worked example: what fits, what is said of it, when it ends."""

from __future__ import annotations

import numpy as np
import pytest

from mpt_studio.compare import Cancelled, Cause, Comparison, Filter, Samples, at_offset, compare, facets
from mpt_studio.flips import FlipKind, Mark

from ..conftest import random_pair


def test_that_filters_and_facets_stop_when_asked(worked: Comparison) -> None:
    chosen = Filter(text="s", kinds=(FlipKind.NEGATIVE,))
    with pytest.raises(Cancelled):
        chosen.apply(worked, lambda: True)
    with pytest.raises(Cancelled):
        facets(worked, chosen, lambda: True)
    answers = iter([False, False, False, True])
    with pytest.raises(Cancelled):
        facets(worked, chosen, lambda: next(answers))


def test_that_masks_are_forgotten_when_marks_change(worked: Comparison) -> None:
    chosen = Filter(marks=(Mark.BLOCKER,))
    assert chosen.apply(worked).tolist() == []
    worked.mark([3], Mark.BLOCKER)
    assert chosen.apply(worked).tolist() == [3]
    assert facets(worked, Filter()).marks[Mark.BLOCKER] == 1
    assert facets(at_offset(worked, 1.0), Filter()).marks[Mark.BLOCKER] == 1


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


def test_that_words_find_ids_and_classes_alike() -> None:
    found = compare(*random_pair(1))
    rows = set(Filter(words=("class 2",)).apply(found).tolist())
    named = found.names.index("class 2")
    assert rows == set(
        np.flatnonzero((found.truth == named) | (found.new_answer == named) | (found.old_answer == named)).tolist()
    )
