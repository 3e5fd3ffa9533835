"""The offset curve from one sort equals trying every offset."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, at_offset, compare, frontier
from mpt_studio.compare.figures.frontier import POINTS

from ..conftest import random_pair


def brute_force(c: Comparison, offset: float) -> tuple[float, ...]:
    """Subtract the offset from new-class logits, answer again, count.

    Ties between old and new classes go to the old one; without an offset to the first by name, as everywhere.
    """
    new_names = set(c.names) - set(c.old.class_names)
    right = []
    for row in range(len(c)) if c.rows.new is None else c.rows.new:
        z = {n: float(v) for n, v in zip(c.new.class_names, c.new.logits[row], strict=True)}
        shifted = {n: v - offset if n in new_names else v for n, v in z.items()}
        answer = min(shifted, key=lambda n: (-shifted[n], offset != 0 and n in new_names, n))
        right.append(answer == c.new.label_names[c.new.labels[row]])
    now, old = np.array(right), c.mask("old_classes")
    lost = (c.old_answer == c.truth) & ~now
    shares = [(now, old | True), (now, ~old), (now, old), (lost, old), (lost, old | True)]
    return tuple(float(what[part].mean()) if part.any() else np.nan for what, part in shares)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    known=st.integers(1, 5),
    offsets=st.lists(st.integers(-20, 20).map(lambda n: n / 2), min_size=1, max_size=6),
)
def test_that_the_curve_equals_trying_every_offset(seed: int, known: int, offsets: list[float]) -> None:
    found = compare(*random_pair(seed, samples=25, known=known))
    curve = frontier(found, offsets)
    columns = (
        curve.accuracy_all, curve.accuracy_new_classes, curve.accuracy_old_classes, curve.nfr_old_classes, curve.nfr_all
    )  # fmt: skip
    for i, offset in enumerate(offsets):
        assert np.allclose([column[i] for column in columns], brute_force(found, offset), equal_nan=True)


def test_that_the_worked_example_moves_where_its_leads_say(worked: Comparison) -> None:
    # new lead m_new − m_old: s0 −3, s1 +2, s2 −2, s3 −1, s4 +2, s5 −4. Under γ = 2 the leads of +2 no longer win:
    # s1 goes back to a (right again), s4 to a (wrong).
    curve = frontier(worked, [0, 1.9, 2])
    assert curve.accuracy_old_classes.tolist() == [0.5, 0.5, 0.75]
    assert curve.nfr_old_classes.tolist() == [0.5, 0.5, 0.25]
    assert curve.accuracy_new_classes.tolist() == [0.5, 0.5, 0.0]
    assert (curve.samples_all, curve.samples_old_classes, curve.samples_new_classes) == (6, 4, 2)


@pytest.mark.parametrize("ties", [True, False])
def test_that_the_default_curve_holds_the_update_as_it_is(ties: bool) -> None:
    found = compare(*random_pair(3, samples=3000, ties=ties))
    curve = frontier(found)
    assert curve.offset[curve.zero] == 0
    assert curve.accuracy_all[curve.zero] == found.rates("all").accuracy_new
    assert curve.nfr_old_classes[curve.zero] == found.rates("old_classes").nfr
    assert len(curve.offset) <= POINTS
    assert (np.diff(curve.offset) > 0).all()


def test_that_the_default_curve_reaches_from_all_new_to_all_old_answers() -> None:
    found = compare(*random_pair(3, samples=3000, ties=False))
    curve = frontier(found)
    ends = frontier(found, [-100, 100])
    for name in ("accuracy_all", "nfr_old_classes", "accuracy_new_classes"):
        whole = getattr(ends, name).tolist()
        assert [getattr(curve, name)[0], getattr(curve, name)[-1]] == pytest.approx(whole, abs=0.001)


def test_that_on_old_classes_nfr_falls_and_accuracy_rises_with_the_offset() -> None:
    curve = frontier(compare(*random_pair(5, samples=2000, ties=False)))
    assert (np.diff(curve.nfr_old_classes) <= 0).all()
    assert (np.diff(curve.accuracy_old_classes) >= 0).all()
    assert (np.diff(curve.accuracy_new_classes) <= 0).all()


def test_that_without_new_classes_the_curve_is_one_point() -> None:
    found = compare(*random_pair(1, classes=4, known=4, ties=False))
    curve = frontier(found)
    assert curve.offset.tolist() == [0.0]
    assert curve.accuracy_all.tolist() == [found.rates("all").accuracy_new]
    assert np.isnan(curve.accuracy_new_classes).all()


def test_that_the_worked_example_has_these_negative_flips_under_an_offset(worked: Comparison) -> None:
    assert at_offset(worked, 0).negative_flips.tolist() == [1, 2]
    assert at_offset(worked, 2).negative_flips.tolist() == [2]  # s1 went back to a


@pytest.mark.parametrize("ties", [True, False])
def test_that_the_samples_behind_a_point_are_as_many_as_its_rate_says(ties: bool) -> None:
    found = compare(*random_pair(9, samples=500, ties=ties))
    curve = frontier(found)
    for offset, rate in zip(curve.offset, curve.nfr_old_classes, strict=True):
        assert len(at_offset(found, float(offset)).negative_flips) == round(rate * curve.samples_old_classes)
