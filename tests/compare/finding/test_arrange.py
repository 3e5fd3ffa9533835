"""Rows picked from the kept order of all samples against sorting them alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cancelled, compare, groups, sort_rows
from mpt_studio.compare.blocks import sort_order
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


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(0, 2**31 - 1) | st.integers(0, 5), max_size=40),
    lowest=st.sampled_from([0, -3]),
    descending=st.booleans(),
)
def test_that_whole_numbers_are_sorted_stably(values: list[int], lowest: int, descending: bool) -> None:
    values = [value + lowest for value in values]
    expected = sorted(range(len(values)), key=lambda i: values[i], reverse=descending)
    assert sort_order(np.array(values, np.int32), descending=descending).tolist() == expected


def test_that_groups_of_very_many_classes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compare(*random_pair(4))
    rows = np.arange(len(found))[::-1].copy()
    tabled = groups(found, rows, "flow")
    monkeypatch.setattr(arrange, "_COUNTABLE", 3)
    sorted_out = groups(found, rows, "flow")
    assert tabled[0].tolist() == sorted_out[0].tolist()
    assert tabled[1] == sorted_out[1]
