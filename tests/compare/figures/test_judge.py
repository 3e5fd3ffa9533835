from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import SUBSETS, Comparison, compare
from mpt_studio.compare.figures.judge import Criteria, adjusted_rates, judge
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark

from ..conftest import random_pair

# worked: s1 (a) and s2 (b) are negative flips, s3 and s4 positive; old classes a, b have two samples each of six


def test_that_each_criterion_tells_threshold_value_and_what_broke_it(worked: Comparison) -> None:
    verdict = judge(worked, Criteria(("s1", "s3"), max_nfr=0.4, max_class_nfr=0.2, min_accuracy_gain=0.1))
    listed, nfr, per_class, gain = verdict.findings
    assert not verdict.passed
    assert (listed.value, listed.threshold, listed.samples, listed.broken_by) == (1, 0, 2, ("s1",))
    assert (nfr.value, nfr.subset, nfr.samples) == (0.5, "old classes", 4)
    assert nfr.broken_by == ("s2", "s1")  # the larger margin drop first
    assert [(c.name, c.nfr, c.samples) for c in per_class.classes] == [("a", 0.5, 2), ("b", 0.5, 2)]
    assert (gain.value, gain.subset, gain.samples) == (0.0, "all", 6)
    assert verdict.sentences()[0] == "Verdict: FAILED, 4 of 4 criteria not met."
    assert nfr.sentence() == "NFR (old classes, n=4) is 50.00 %, at most 40.00 % is asked; samples: s2, s1."
    assert "classes: a 50.0 % (n=2), b 50.0 % (n=2)" in per_class.sentence()
    assert "is +0.00 points, at least +10.00 points is asked" in gain.sentence()


def test_that_thresholds_may_be_reached_exactly(worked: Comparison) -> None:
    verdict = judge(worked, Criteria(("s0", "s3"), max_nfr=0.5, max_class_nfr=0.5, min_accuracy_gain=0))
    assert verdict.passed
    assert all(not finding.broken_by for finding in verdict.findings)
    assert verdict.sentences()[0] == "Verdict: passed, 4 of 4 criteria met."


def test_that_unknown_ids_are_told_and_a_list_of_other_data_is_refused(worked: Comparison) -> None:
    verdict = judge(worked, Criteria(("s0", "elsewhere")))
    assert verdict.passed
    assert verdict.unknown_ids == ("elsewhere",)
    assert "1 listed id is not among the samples" in verdict.sentences()[-1]
    with pytest.raises(UserError, match="None of the 2 ids"):
        judge(worked, Criteria(("x", "y")))


def test_that_wrong_labels_change_the_adjusted_rates_and_not_the_raw_ones(worked: Comparison) -> None:
    worked.set_marks({"s2": Mark.LABEL_WRONG, "s0": Mark.BLOCKER, "nobody": Mark.BLOCKER})
    raw, adjusted = worked.rates("old_classes"), adjusted_rates(worked, "old_classes")
    assert (raw.negative_flips, raw.samples) == (2, 4)
    assert (adjusted.negative_flips, adjusted.samples, adjusted.intrusions) == (1, 3, 1)
    verdict = judge(worked, Criteria(("s2",), max_nfr=0.4), leave_out=worked.marks == Mark.LABEL_WRONG)
    assert verdict.passed
    assert verdict.label_wrong == 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_that_without_wrong_labels_adjusted_rates_are_the_raw_ones(seed: int) -> None:
    found = compare(*random_pair(seed))
    for subset in SUBSETS:
        raw, adjusted = found.rates(subset), adjusted_rates(found, subset)
        assert raw.to_json() | {"confidence_weighted_nfr": 0} == adjusted.to_json() | {"confidence_weighted_nfr": 0}
        assert raw.confidence_lost == pytest.approx(adjusted.confidence_lost)


@pytest.mark.parametrize(
    "wrong", [{"max_nfr": 1.5}, {"max_class_nfr": -0.1}, {"min_accuracy_gain": 2}, {"max_nfr": float("nan")}]
)
def test_that_thresholds_that_are_no_fractions_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match="fraction"):
        Criteria(**wrong)  # type: ignore[arg-type]


def test_that_a_version_without_old_class_samples_can_be_judged() -> None:
    old, update = random_pair(5, known=1)
    only_new = np.flatnonzero(old.labels != old.label_names.index(old.class_names[0]))
    import dataclasses

    part = [
        dataclasses.replace(v, sample_ids=v.sample_ids[only_new], labels=v.labels[only_new], logits=v.logits[only_new])
        for v in (old, update)
    ]
    verdict = judge(compare(*part), Criteria(max_nfr=0.0, max_class_nfr=0.0))
    assert verdict.passed
    assert "no samples to judge by" in verdict.findings[1].sentence()
