"""Sorting and grouping: against Python's sort, and rows picked from the kept order of all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cancelled, Comparison, compare, groups, sort_rows
from mpt_studio.compare.finding import arrange
from mpt_studio.flips import Mark

from ..conftest import random_pair

KEYS = ["margin_drop", "confidence", "class", "answer", "kind", "cause", "mark", "flow", "id", "order"]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), key=st.sampled_from(KEYS), descending=st.booleans(), share=st.floats(0.1, 1))
def test_that_rows_picked_from_the_order_of_all_are_sorted(seed: int, key: str, descending: bool, share: float) -> None:
    found, rng = compare(*random_pair(seed)), np.random.default_rng(seed)
    found.mark(rng.integers(0, len(found), 5), Mark.BLOCKER)
    rows = np.flatnonzero(rng.random(len(found)) < share)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrange, "BLOCK", 7)
        patch.setattr(arrange, "_GOOD_PART", 10**6)
        picked = [sort_rows(found, rows, key, descending).tolist() for _ in range(2)]  # type: ignore[arg-type]
        patch.setattr(arrange, "_GOOD_PART", 0)
        alone = sort_rows(found, rows, key, descending).tolist()  # type: ignore[arg-type]
    assert picked == [alone, alone]


def test_that_a_kept_order_follows_marks_and_few_are_kept() -> None:
    found = compare(*random_pair(2))
    every = np.arange(len(found))
    sort_rows(found, every, "mark", descending=True)
    found.mark([7], Mark.BLOCKER)
    assert sort_rows(found, every, "mark", descending=True)[0] == 7
    for key in KEYS:
        sort_rows(found, every, key, descending=False)  # type: ignore[arg-type]
    assert len([k for k in found.memo.kept if k[0] == "order"]) == 2


def test_that_a_sort_nobody_waits_for_ends() -> None:
    found = compare(*random_pair(1))
    with pytest.raises(Cancelled):
        sort_rows(found, np.arange(len(found)), "id", stop=lambda: True)


def test_that_groups_of_very_many_classes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compare(*random_pair(4))
    rows = np.arange(len(found))[::-1].copy()
    tabled = groups(found, rows, "flow")
    monkeypatch.setattr(arrange, "_COUNTABLE", 3)
    sorted_out = groups(found, rows, "flow")
    assert tabled[0].tolist() == sorted_out[0].tolist()
    assert tabled[1] == sorted_out[1]


def test_that_groups_come_largest_first_and_keep_the_order_within(worked: Comparison) -> None:
    rows = sort_rows(worked, np.arange(6), "id", descending=True)
    grouped, found = groups(worked, rows, "class")
    assert [(g.title, g.start, g.count) for g in found] == [("a", 0, 2), ("b", 2, 2), ("c", 4, 2)]
    assert grouped.tolist() == [1, 0, 3, 2, 5, 4]
    grouped, found = groups(worked, np.array([1, 2, 0]), "flow")
    assert [(g.title, g.count) for g in found] == [("a → a", 1), ("a → c", 1), ("b → a", 1)]
    assert grouped.tolist() == [0, 1, 2]
    assert groups(worked, np.empty(0, np.int64), "flow")[1] == []


ROWS = np.arange(6, dtype=np.int64)


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
