"""Work in blocks ends where nobody wants it any more; sorting is stable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cancelled
from mpt_studio.compare.blocks import parts, sort_order


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, float("inf")]), max_size=30),
    descending=st.booleans(),
)
def test_that_packed_sorting_is_stable_with_nan_last(values: list[float], descending: bool) -> None:
    defined = [i for i, v in enumerate(values) if not math.isnan(v)]
    expected = sorted(defined, key=lambda i: values[i], reverse=descending)
    expected += [i for i, v in enumerate(values) if math.isnan(v)]
    assert sort_order(np.array(values, np.float32), descending=descending).tolist() == expected


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


def test_that_parts_cover_everything_and_end_when_asked() -> None:
    assert list(parts(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(parts(0, 2)) == []
    answers = iter([False, True])
    seen = []
    with pytest.raises(Cancelled):
        seen.extend(part for part in parts(5, 2, lambda: next(answers)))
    assert seen == [slice(0, 2)]
