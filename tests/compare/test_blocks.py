"""Work that nobody wants any more ends between its chunks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cancelled, Comparison, Filter, Interval, at_offset, compare, facets, groups, sort_rows
from mpt_studio.compare.blocks import sort_order
from mpt_studio.compare.finding.explore import CONFIDENCE_BINS, DROP_BINS
from mpt_studio.compare.matching.ids import containing, lowered, rows_of
from mpt_studio.flips import FlipKind, Mark

from .conftest import random_pair


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


def test_that_bins_count_what_choosing_them_shows() -> None:
    found = compare(*random_pair(9))
    counted = facets(found, Filter())
    for bins, field in ((DROP_BINS, "drops"), (CONFIDENCE_BINS, "confidences")):
        for interval in bins:
            assert getattr(counted, field)[interval] == len(Filter(**{field: (interval,)}).apply(found))
    assert [str(i) for i in (Interval(None, 0), Interval(1, 2), Interval(8))] == ["below 0", "1 to 2", "8 or more"]


def test_that_groups_come_largest_first_and_keep_the_order_within(worked: Comparison) -> None:
    rows = sort_rows(worked, np.arange(6), "id", descending=True)
    grouped, found = groups(worked, rows, "class")
    assert [(g.title, g.start, g.count) for g in found] == [("a", 0, 2), ("b", 2, 2), ("c", 4, 2)]
    assert grouped.tolist() == [1, 0, 3, 2, 5, 4]
    grouped, found = groups(worked, np.array([1, 2, 0]), "flow")
    assert [(g.title, g.count) for g in found] == [("a → a", 1), ("a → c", 1), ("b → a", 1)]
    assert grouped.tolist() == [0, 1, 2]
    assert groups(worked, np.empty(0, np.int64), "flow")[1] == []


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


@settings(max_examples=100, deadline=None)
@given(
    ids=st.lists(st.text(min_size=1, max_size=6).filter(lambda t: "\0" not in t), min_size=1, unique=True),
    part=st.text(max_size=3).filter(lambda t: "\0" not in t),
)
def test_that_text_is_found_in_any_case_and_any_script(ids: list[str], part: str) -> None:
    texts = np.array(ids)
    assert containing(lowered(texts), part).tolist() == [part.lower() in name.lower() for name in ids]
    order = np.argsort(texts, kind="stable").astype(np.int32)
    assert rows_of(texts, order, [*ids, part]).tolist()[:-1] == list(range(len(ids)))
    assert rows_of(texts, order, [part]).tolist() == [ids.index(part) if part in ids else -1]
