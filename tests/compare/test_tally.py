"""Counts of codes against counting each subset by masks."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio import flips
from mpt_studio.compare import tally

samples = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(samples)
def test_that_rates_from_codes_equal_those_from_masks(drawn: list[tuple[int, bool, bool, bool]]) -> None:
    kinds = np.array([kind for kind, *_ in drawn], np.uint8)
    changed, to_new, is_old = np.array([flags for _, *flags in drawn], bool).T
    found = tally.all_rates(tally.count(tally.codes(kinds, changed, to_new, is_old)), 0.0)
    for subset, inside in (("all", is_old | True), ("old_classes", is_old), ("new_classes", ~is_old)):
        assert found[subset] == flips.rates(kinds, changed, to_new, where=inside)


def test_that_only_old_classes_lose_confidence() -> None:
    found = tally.all_rates(np.ones(tally.CODES, np.int64), 2.5)
    assert {subset: rates.confidence_lost for subset, rates in found.items()} == {
        "all": 2.5, "old_classes": 2.5, "new_classes": 0.0,
    }  # fmt: skip
    assert dataclasses.replace(found["all"], confidence_lost=0.0).samples == tally.CODES
