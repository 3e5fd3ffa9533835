"""The curve of mixed probabilities from one pass equals mixing them with every weight."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, at_offset, best_fusion, compare, frontier, fusion
from mpt_studio.compare.blocks import Cancelled
from mpt_studio.compare.figures import fusion as module
from mpt_studio.compare.figures.fusion import WEIGHTS
from mpt_studio.compare.figures.within import Floors
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions

from ..conftest import random_pair


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(np.float64) - logits.max())
    return weights / weights.sum()


def by_name(version: Predictions, row: int) -> dict[str, float]:
    return dict(zip(version.class_names, softmax(np.asarray(version.logits[row])).tolist(), strict=True))


def brute_force(c: Comparison, weight: float) -> tuple[float, ...]:
    """Mix the probabilities of the update's classes, answer again, count."""
    right = []
    for i in range(len(c)):
        row_old, row_new = (i if rows is None else int(rows[i]) for rows in (c.rows.old, c.rows.new))
        old, new = by_name(c.old, row_old), by_name(c.new, row_new)
        mixed = {name: weight * old.get(name, 0.0) + (1 - weight) * p for name, p in new.items()}
        right.append(max(mixed, key=lambda name: mixed[name]) == c.names[c.truth[i]])
    now, old_classes = np.array(right), c.mask("old_classes")
    lost, every = (c.old_answer == c.truth) & ~now, np.ones(len(c), bool)
    shares = [(now, every), (now, ~old_classes), (now, old_classes), (lost, old_classes), (lost, every)]
    return tuple(float(what[part].mean()) if part.any() else np.nan for what, part in shares)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), known=st.integers(1, 5))
def test_that_the_curve_equals_mixing_with_every_weight(seed: int, known: int) -> None:
    found = compare(*random_pair(seed, samples=25, known=known, ties=False))
    curve = fusion(found)
    columns = (
        curve.accuracy_all, curve.accuracy_new_classes, curve.accuracy_old_classes, curve.nfr_old_classes, curve.nfr_all
    )  # fmt: skip
    for i in (0, 1, 13, 50, 77, 99, 100):
        assert np.allclose([column[i] for column in columns], brute_force(found, WEIGHTS[i]), equal_nan=True), i


@pytest.mark.parametrize("seed", range(4))
def test_that_without_a_share_of_the_old_model_it_is_the_update_to_the_tie(seed: int) -> None:
    found = compare(*random_pair(seed, samples=60, known=3))
    curve = fusion(found)
    assert curve.offset[0] == 0
    assert curve.accuracy_all[0] == found.rates("all").accuracy_new
    assert curve.nfr_old_classes[0] == found.rates("old_classes").nfr
    assert fusion(found) is curve  # kept
    assert fusion(at_offset(found, 1.0)) is curve  # an offset is another way to trade


def test_that_chunks_and_classes_in_another_order_change_nothing(monkeypatch) -> None:
    old, new = random_pair(5, samples=50, known=3, ties=False)
    whole = fusion(compare(old, new))
    order = np.random.default_rng(0).permutation(len(old.class_names))
    turned = dataclasses.replace(old, logits=old.logits[:, order], class_names=tuple(old.class_names[i] for i in order))
    monkeypatch.setattr(module, "CHUNK_VALUES", 20)
    again = fusion(compare(turned, new))
    assert np.array_equal(whole.nfr_old_classes, again.nfr_old_classes, equal_nan=True)
    assert np.array_equal(whole.accuracy_all, again.accuracy_all)


def test_that_an_old_class_that_the_update_lacks_is_never_answered() -> None:
    names = ("a", "gone", "b")
    ids, labels = np.array(["1", "2"]), np.array([0, 2])
    old = Predictions(ids, labels, names, np.array([[0, 9, 1], [9, 0, 1]], np.float32), names)
    new = Predictions(ids, labels, names, np.array([[0, 1], [0, 1]], np.float32), ("a", "b"))
    curve = fusion(compare(old, new))
    assert curve.accuracy_all[0] == 0.5
    assert curve.accuracy_all[-1] == 0.0  # of what the old model leaves, b for the first and a for the second


def test_that_the_best_point_keeps_the_updates_accuracy_and_has_the_fewest_flips() -> None:
    found = compare(*random_pair(11, samples=200, known=4, ties=False))
    curve = fusion(found)
    best = best_fusion(curve)
    allowed = curve.accuracy_all >= found.rates("all").accuracy_new
    assert best.nfr_old_classes == curve.nfr_old_classes[allowed].min()
    assert best.accuracy_all >= found.rates("all").accuracy_new
    assert best_fusion(curve, Floors(0.0)).nfr_old_classes == curve.nfr_old_classes.min()
    assert best.to_json()["needs"] == "both models must be served"


def test_that_the_best_point_answers_well_enough_on_new_classes_too() -> None:
    curve = fusion(compare(*random_pair(11, samples=200, known=4, ties=False)))
    anything, floor = best_fusion(curve, Floors(0.0)), float(curve.accuracy_new_classes[0])
    best = best_fusion(curve, Floors(0.0, floor))
    assert anything.accuracy_new_classes < floor <= best.accuracy_new_classes
    assert best.nfr_old_classes == curve.nfr_old_classes[curve.accuracy_new_classes >= floor].min()
    assert best.shortfall <= 0 < best_fusion(curve, Floors(1.0, floor)).shortfall  # else the nearest


def test_that_it_can_be_given_up_between_two_chunks(monkeypatch) -> None:
    found = compare(*random_pair(1, samples=40, known=3))
    monkeypatch.setattr(module, "CHUNK_VALUES", 20)
    with pytest.raises(Cancelled):
        fusion(found, lambda: True)
    assert fusion(found).samples_all == len(found)


def test_that_versions_that_gave_only_answers_are_not_mixed() -> None:
    old, new = random_pair(1, samples=10, known=3)
    said = dataclasses.replace(old, scores="answers", answers=old.predicted, logits=np.zeros((len(old), 0), np.float32))
    found = compare(said, new)
    with pytest.raises(UserError, match="There is no fusion: the old model gave only answers"):
        fusion(found)
    assert len(frontier(found).offset) > 1
