"""Classes and flows of negative flips."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, FlowPair, at_offset, compare, flow, per_class
from mpt_studio.compare.figures.classes import class_table

from ..conftest import random_pair


def test_that_the_worked_example_flows_and_counts_per_class(worked: Comparison) -> None:
    assert flow(worked) == [FlowPair("a", "c", 1, True), FlowPair("b", "a", 1, False)]
    a, b, c = per_class(worked)
    assert (a.name, a.is_new, a.rates.samples, a.rates.negative_flips, a.rates.intrusions) == ("a", False, 2, 1, 1)
    assert (b.rates.negative_flips, b.rates.positive_flips, b.rates.intrusions) == (1, 1, 0)
    assert (c.is_new, c.rates.both_wrong, c.rates.positive_flips) == (True, 1, 1)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), gamma=st.sampled_from([-2.0, 0.5, 3.0]))
def test_that_the_classes_of_an_offset_are_counted_by_what_it_changes(seed: int, gamma: float) -> None:
    view = at_offset(compare(*random_pair(seed)), gamma)
    table = class_table(view)
    for i in range(len(view.names)):
        kinds = view.kinds[view.truth == i]
        assert table[i, :4].tolist() == np.bincount(kinds, minlength=4).tolist()
        assert table[i, 4] == (view.old_answer != view.new_answer)[view.truth == i].sum()
