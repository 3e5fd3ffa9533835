"""Expected calibration error against cases counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mpt_studio.compare import Comparison, at_offset, compare
from mpt_studio.compare.figures.calibration import BINS, calibrated, calibration, calibrations
from mpt_studio.errors import UserError

from ..conftest import random_pair
from .test_missing import only_answers


def test_that_the_error_of_two_bins_is_the_weighted_mean_of_their_gaps() -> None:
    confidence = np.array([0.95] * 10 + [0.55] * 30)
    right = np.array([True] * 7 + [False] * 3 + [True] * 18 + [False] * 12)
    found = calibrated(confidence, right)
    assert found.ece == pytest.approx(10 / 40 * 0.25 + 30 / 40 * 0.05)
    assert len(found.bins) == BINS
    full = {i: each for i, each in enumerate(found.bins) if each.samples}
    assert list(full) == [8, 14]
    assert (full[8].samples, full[8].accuracy, full[14].accuracy) == (30, pytest.approx(0.6), pytest.approx(0.7))
    assert full[14].confidence == pytest.approx(0.95)


def test_that_who_is_right_as_often_as_it_says_has_an_error_near_zero() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.2, 1, 50_000)
    found = calibrated(confidence, rng.random(50_000) < confidence)
    assert found.ece is not None
    assert found.ece < 0.01
    sure = calibrated(np.ones(1000), np.zeros(1000, bool))
    assert (sure.ece, sure.interval) == (1.0, (1.0, 1.0))


def test_that_the_interval_holds_the_value_is_the_same_again_and_narrows_with_samples() -> None:
    rng = np.random.default_rng(2)
    widths = []
    for samples in (200, 20_000):
        confidence = rng.uniform(0.5, 1, samples)
        right = rng.random(samples) < confidence - 0.1
        found = calibrated(confidence, right)
        assert found == calibrated(confidence, right)
        assert found.interval is not None
        assert found.ece is not None
        low, high = found.interval
        assert low <= found.ece <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 3


def test_that_without_samples_there_is_no_error() -> None:
    found = calibrated(np.zeros(0), np.zeros(0, bool))
    assert (found.ece, found.interval, found.samples) == (None, None, 0)


def test_that_the_samples_and_answers_are_those_of_the_subset_and_the_offset() -> None:
    comparison = compare(*random_pair(np.random.default_rng(3), 400))
    mask = comparison.mask("old_classes")
    found = calibration(comparison, "old", "old_classes")
    assert found.samples == int(mask.sum())
    direct = calibrated(
        comparison.old_confidence[mask].astype(np.float64), comparison.old_answer[mask] == comparison.truth[mask]
    )
    assert found == direct
    assert calibration(at_offset(comparison, 1.5), "new", "all") != calibration(comparison, "new", "all")


def test_that_answers_alone_have_no_calibration(worked: Comparison) -> None:
    told = compare(only_answers(worked.old), worked.new)
    record = calibrations(told)
    assert record["old"] is None
    assert record["not_available"] == ["There is no calibration: the old model gave only answers, no scores."]
    assert set(record["new"]) == {"old_classes", "all"}
    json.dumps(record)
    with pytest.raises(UserError, match="no scores"):
        calibration(told, "old", "all")
