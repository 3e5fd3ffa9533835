"""Facets under filters, on the worked example and against what choosing them shows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cause, Comparison, Filter, Interval, compare, facets
from mpt_studio.compare.finding.explore import CONFIDENCE_BINS, DROP_BINS
from mpt_studio.flips import FlipKind

from ..conftest import random_pair


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


def test_that_bins_count_what_choosing_them_shows() -> None:
    found = compare(*random_pair(9))
    counted = facets(found, Filter())
    for bins, field in ((DROP_BINS, "drops"), (CONFIDENCE_BINS, "confidences")):
        for interval in bins:
            assert getattr(counted, field)[interval] == len(Filter(**{field: (interval,)}).apply(found))
    assert [str(i) for i in (Interval(None, 0), Interval(1, 2), Interval(8))] == ["below 0", "1 to 2", "8 or more"]
