from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import SUBSETS, Comparison, adjusted_rates, compare
from mpt_studio.flips import Mark

from ..conftest import random_pair


def test_that_wrong_labels_change_the_adjusted_rates_and_not_the_raw_ones(worked: Comparison) -> None:
    worked.set_marks({"s2": Mark.LABEL_WRONG, "s0": Mark.BLOCKER, "nobody": Mark.BLOCKER})
    raw, adjusted = worked.rates("old_classes"), adjusted_rates(worked, "old_classes")
    assert (raw.negative_flips, raw.samples) == (2, 4)
    assert (adjusted.negative_flips, adjusted.samples, adjusted.intrusions) == (1, 3, 1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_that_without_wrong_labels_adjusted_rates_are_the_raw_ones(seed: int) -> None:
    found = compare(*random_pair(seed))
    for subset in SUBSETS:
        raw, adjusted = found.rates(subset), adjusted_rates(found, subset)
        assert raw.to_json() | {"confidence_weighted_nfr": 0} == adjusted.to_json() | {"confidence_weighted_nfr": 0}
        assert raw.confidence_lost == pytest.approx(adjusted.confidence_lost)
