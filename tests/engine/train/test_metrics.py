"""Validation figures by hand, matched by class name."""

from __future__ import annotations

import numpy as np
import pytest

from mpt_studio.engine.train.metrics import MOST_FLIPPED, Validation


def logits(*answers: int, classes: int = 3) -> np.ndarray:
    """Logits of 0, and ln 2 at the answers: probabilities ½ and ¼."""
    made = np.zeros((len(answers), classes), dtype=np.float32)
    made[np.arange(len(answers)), answers] = np.log(2)
    return made


def test_that_flips_are_counted_by_name_on_each_subset():
    # update: new, a, b; the old model knows b, gone, a
    truth = np.array([1, 1, 2, 0])
    validation = Validation(
        np.array(["s0", "s1", "s2", "s3"]), truth, ("new", "a", "b"), ["a", "a", "gone", "b"], ("b", "gone", "a")
    )
    figures, flipped = validation.figures(logits(1, 0, 2, 0))
    assert flipped == ("s1",)
    old = figures["old_classes"]
    assert (old["both_right"], old["negative_flips"], old["positive_flips"], old["both_wrong"]) == (1, 1, 1, 0)
    assert old["new_class_intrusion"] == 1.0
    assert old["confidence_weighted_nfr"] == pytest.approx((0.5 - 0.25) / 3)
    new = figures["new_classes"]
    assert (new["samples"], new["positive_flips"], new["accuracy_new"]) == (1, 1, 1.0)
    assert figures["all"]["samples"] == 4
    assert figures["all"]["churn"] == 0.75


def test_that_the_accuracy_at_the_best_offset_is_that_of_every_offset_tried():
    random = np.random.default_rng(3)
    truth, values = random.integers(0, 4, 60), random.normal(size=(60, 4)).astype(np.float32)
    names = ("new", "a", "b", "fresh")
    validation = Validation(np.array([f"s{i}" for i in range(60)]), truth, names, ["a"] * 60, ("b", "a"))
    is_new = np.array([True, False, False, True])
    tried = [(np.where(is_new, values - g, values).argmax(axis=1) == truth).mean() for g in np.linspace(-9, 9, 20_001)]
    assert validation.figures(values)[0]["all"]["accuracy_best_offset"] == pytest.approx(max(tried))


def test_that_without_an_old_model_there_is_only_the_accuracy():
    validation = Validation(np.array(["s0", "s1"]), np.array([0, 1]), ("a", "b", "c"), None, ("a", "b", "c"))
    figures, flipped = validation.figures(logits(0, 2))
    assert figures == {"all": {"samples": 2, "accuracy_new": 0.5}}
    assert flipped == ()


def test_that_without_validation_samples_there_are_no_figures():
    validation = Validation(np.array([], dtype=str), np.array([], dtype=np.int64), ("a", "b", "c"), [], ("a",))
    assert validation.figures(np.zeros((0, 3), dtype=np.float32)) == ({}, ())


def test_that_at_most_48_flipped_samples_are_named():
    ids = np.array([f"s{i}" for i in range(60)])
    validation = Validation(ids, np.zeros(60, dtype=np.int64), ("a", "b", "c"), ["a"] * 60, ("a", "b"))
    assert len(validation.figures(logits(*[1] * 60))[1]) == MOST_FLIPPED
