from __future__ import annotations

import numpy as np
import pytest

from mpt_studio.compare import Comparison, at_offset, compare
from mpt_studio.compare.annotations import NEAR_TIE, Cause, CauseThresholds
from mpt_studio.compare.figures.causes import cause_sentence, causes, causes_of
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Predictions

OLD, NEW = ("cat", "dog"), ("cat", "dog", "fox")
# truth, old logits (cat, dog), new logits (cat, dog, fox)
CASES = {
    "stolen": ("cat", (2.0, 0.0), (0.0, -1.0, 0.4)),
    "near tie": ("cat", (2.0, 0.0), (1.0, 1.2, -3.0)),
    "confident": ("cat", (5.0, 0.0), (0.0, 6.0, -3.0)),
    "old-old": ("cat", (0.5, 0.0), (0.0, 1.0, 0.5)),
    "both right": ("cat", (1.0, 0.0), (1.0, 0.0, 0.0)),
    "gained": ("cat", (0.0, 1.0), (1.0, 0.0, 0.0)),
    "still wrong": ("cat", (0.0, 1.0), (0.0, 1.0, 0.0)),
    "wrong anew": ("cat", (0.0, 1.0), (0.0, 1.0, 2.0)),
    "new class": ("fox", (0.0, 1.0), (0.0, 1.0, 2.0)),
}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    ids = np.array(list(CASES))
    labels = np.array([NEW.index(truth) for truth, _, _ in CASES.values()])
    old = np.array([logits for _, logits, _ in CASES.values()], np.float32)
    new = np.array([logits for _, _, logits in CASES.values()], np.float32)
    return compare(Predictions(ids, labels, NEW, old, OLD), Predictions(ids, labels, NEW, new, NEW))


def row(name: str) -> int:
    return list(CASES).index(name)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("stolen", Cause.NEW_CLASS),
        ("near tie", Cause.NEAR_TIE),
        ("confident", Cause.CONFIDENT_REVERSAL),
        ("old-old", Cause.OLD_OLD),
        ("both right", Cause.NONE),
        ("gained", Cause.NONE),
        ("still wrong", Cause.NONE),
        ("new class", Cause.NONE),
    ],
)
def test_that_each_flip_has_one_cause_and_other_samples_none(comparison: Comparison, name: str, cause: Cause) -> None:
    assert causes(comparison)[row(name)] == cause


def test_that_causes_of_some_rows_are_those_of_all(comparison: Comparison) -> None:
    rows = np.array([3, 0, 5])
    assert causes_of(comparison, rows).tolist() == causes(comparison)[rows].tolist()


def test_that_exactly_negative_flips_have_a_cause(comparison: Comparison) -> None:
    assert ((causes(comparison) != Cause.NONE) == (comparison.kinds == FlipKind.NEGATIVE)).all()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("stolen", "Stolen by new class fox; margin 2.0 → −0.4"),
        ("near tie", "Near tie with dog; margin 2.0 → −0.2"),
        ("confident", "Confident reversal to dog (100 %); margin 5.0 → −6.0"),
        ("old-old", "Confused with old class dog; margin 0.5 → −1.0"),
        ("both right", "Both versions are right; margin 1.0 → 1.0"),
        ("gained", "Gained: the old model said dog; margin −1.0 → 1.0"),
        ("still wrong", "Both wrong: still dog; margin −1.0 → −1.0"),
        ("wrong anew", "Both wrong: dog, now fox; margin −1.0 → −2.0"),
        ("new class", "Gained: the old model said dog; margin unknown → 1.0"),
    ],
)
def test_that_the_sentence_says_what_happened(comparison: Comparison, name: str, sentence: str) -> None:
    assert cause_sentence(comparison, row(name)) == sentence


def test_that_thresholds_move_samples_from_one_cause_to_another(comparison: Comparison) -> None:
    before = comparison.thresholds
    try:
        comparison.set_thresholds(CauseThresholds(near_tie=0.0, confident=0.5))
        assert causes(comparison)[row("near tie")] == Cause.CONFIDENT_REVERSAL
        assert causes(at_offset(comparison, 0.01))[row("near tie")] == Cause.CONFIDENT_REVERSAL
    finally:
        comparison.set_thresholds(before)
    assert causes(comparison)[row("near tie")] == Cause.NEAR_TIE


def test_that_a_label_is_suspect_where_the_update_is_sure_and_the_old_model_was_not() -> None:
    old = np.array([[0.2, 0.0], [5.0, 0.0], [0.0, 2.0]], np.float32)  # unsure, sure, wrong
    new = np.array([[0.0, 6.0, 0.0]] * 3, np.float32)
    ids, labels = np.array(["unsure", "sure", "both wrong"]), np.zeros(3, np.int64)
    found = compare(Predictions(ids, labels, NEW, old, OLD), Predictions(ids, labels, NEW, new, NEW))
    assert causes(found).tolist() == [Cause.SUSPECT_LABEL, Cause.CONFIDENT_REVERSAL, Cause.SUSPECT_LABEL]
    assert cause_sentence(found, 0).startswith("Suspect label: the update says dog (100 %), the old model was unsure")
    assert cause_sentence(found, 2).startswith("Suspect label: both versions say dog")


def test_that_the_cases_lie_on_the_intended_side_of_the_thresholds(comparison: Comparison) -> None:
    assert -NEAR_TIE < comparison.new_margin[row("near tie")] < 0
    at = row("confident")
    assert min(comparison.old_confidence[at], comparison.new_confidence[at]) >= CauseThresholds.confident
