from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Comparison, at_offset, compare, label_wrong
from mpt_studio.decide.judging import judge
from mpt_studio.decide.policy import IdSet, Policy, Slice
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark, wilson

from ..compare.conftest import random_pair
from .conftest import counted

# worked: s1 (a) and s2 (b) are negative flips, s3 and s4 positive; old classes a, b have two samples each of six


def points(*ids: str, **asked: float) -> Policy:
    """A policy that judges by the values alone, as the options do."""
    listed = (IdSet("list", ids),) if ids else ()
    return dataclasses.replace(Policy(confidence=0, must_not_flip=listed), **asked)  # type: ignore[arg-type]


def test_that_the_best_value_that_there_is_never_fails() -> None:
    asked = Policy(max_nfr=0.0, min_accuracy_new=1.0)
    for finding in judge(counted(a=(50, 0, 0, 0), new_b=(0, 0, 50, 0)), asked).findings:
        assert (finding.outcome, finding.further_samples) == ("too little evidence", None)
        assert "no number of samples would settle it" in finding.sentence()


def test_that_each_criterion_tells_threshold_value_and_what_broke_it(worked: Comparison) -> None:
    verdict = judge(worked, points("s1", "s3", max_nfr=0.4, max_class_nfr=0.2, min_accuracy_gain=0.1))
    listed, nfr, per_class, gain = verdict.findings
    assert verdict.decided == "hold"
    assert (listed.value, listed.threshold, listed.n, listed.samples) == (1, 0, 2, ("s1",))
    assert (nfr.value, nfr.subset, nfr.n) == (0.5, "old classes", 4)
    assert nfr.samples == ("s2", "s1")  # the larger margin drop first
    assert [(c.name, c.nfr, c.samples) for c in per_class.classes] == [("a", 0.5, 2), ("b", 0.5, 2)]
    assert (gain.value, gain.subset, gain.n) == (0.0, "all", 6)
    assert verdict.sentences()[0] == "Verdict: hold. Of 4 criteria 4 fail."
    assert nfr.sentence() == (
        "NFR (old classes, n=4) is 50.00 % [15.00 to 85.00], at most 40.00 % is asked; by the value alone: its 95 % "
        "interval reaches across that; samples: s2, s1."
    )
    assert "classes: a 50.0 % (n=2), b 50.0 % (n=2)" in per_class.sentence()
    assert "is +0.00 points [" in gain.sentence()
    assert "at least +10.00 points is asked" in gain.sentence()


def test_that_thresholds_may_be_reached_exactly_where_values_are_judged(worked: Comparison) -> None:
    verdict = judge(worked, points("s0", "s3", max_nfr=0.5, max_class_nfr=0.5, min_accuracy_gain=0))
    assert verdict.decided == "ship"
    assert all(not finding.samples for finding in verdict.findings)
    assert verdict.sentences()[0] == "Verdict: ship. Of 4 criteria 4 pass."


def test_that_the_interval_and_not_the_value_decides_a_policy() -> None:
    asked = Policy(max_nfr=0.02)
    sure, broken, unclear = (counted(a=(n - k, k, 0, 0), b=(1, 0, 0, 0)) for n, k in ((999, 8), (999, 60), (999, 18)))
    assert [judge(c, asked).decided for c in (sure, broken, unclear)] == ["ship", "hold", "too little evidence"]
    finding = judge(unclear, asked).findings[0]
    assert finding.interval == wilson(18, 1000)
    assert finding.further_samples
    assert (
        f"that: {finding.further_samples:,} more samples would settle it, were the rate to stay" in finding.sentence()
    )
    assert judge(unclear, dataclasses.replace(asked, confidence=0)).decided == "ship"


def test_that_at_the_threshold_no_number_of_samples_is_promised() -> None:
    finding = judge(counted(a=(98, 2, 0, 0), b=(1, 0, 0, 0)), Policy(min_accuracy_gain=-2 / 101)).findings[0]
    assert (finding.outcome, finding.further_samples) == ("too little evidence", None)
    assert "while it stays so near, no number of samples would settle it" in finding.sentence()


def test_that_the_gain_is_judged_on_all_on_old_classes_and_new_ones_by_accuracy() -> None:
    compared = counted(a=(480, 20, 0, 0), b=(490, 0, 0, 10), new_c=(0, 0, 450, 50))
    asked = Policy(min_accuracy_gain=0.2, min_accuracy_gain_old=-0.01, min_accuracy_new=0.85)
    every, old, new = judge(compared, asked).findings
    assert (every.value, every.outcome, every.n) == (pytest.approx(430 / 1500), "pass", 1500)
    assert (old.value, old.outcome, old.subset) == (pytest.approx(-0.02), "fail", "old classes")
    assert (new.value, new.outcome, new.interval) == (0.9, "pass", wilson(450, 500))
    assert judge(compared, asked).decided == "hold"


def test_that_a_criterion_may_lead_to_review() -> None:
    compared = counted(a=(480, 20, 0, 0), b=(500, 0, 0, 0))
    asked = Policy(max_nfr=0.01, review=("nfr.max",))
    verdict = judge(compared, asked)
    assert verdict.decided == "review"
    assert verdict.sentences()[1].startswith("fail (review)  NFR")
    assert judge(compared, dataclasses.replace(asked, max_class_nfr=0.01)).decided == "hold"


def test_that_named_sets_are_exact_and_told_apart(worked: Comparison) -> None:
    sets = (IdSet("blockers", ("s0", "s1")), IdSet("regulator", ("s3",)))
    verdict = judge(worked, Policy(must_not_flip=sets, review=("must_not_flip.blockers",)))
    assert [(f.key, f.outcome, f.interval) for f in verdict.findings] == [
        ("must_not_flip.blockers", "fail", None), ("must_not_flip.regulator", "pass", None)
    ]  # fmt: skip
    assert verdict.decided == "review"
    assert "listed in blockers" in verdict.findings[0].sentence()


def test_that_unknown_ids_are_told_and_a_list_of_other_data_is_refused(worked: Comparison) -> None:
    verdict = judge(worked, points("s0", "elsewhere"))
    assert verdict.decided == "ship"
    assert verdict.unknown_ids == ("elsewhere",)
    assert "1 listed id is not among the samples" in verdict.sentences()[-1]
    with pytest.raises(UserError, match="None of the 2 ids of list"):
        judge(worked, points("x", "y"))
    assert judge(worked, Policy(must_not_flip=(IdSet("list", ("s0", "elsewhere")),))).decided == "review"


def test_that_wrong_labels_can_be_left_out(worked: Comparison) -> None:
    worked.set_marks({"s2": Mark.LABEL_WRONG, "s0": Mark.BLOCKER, "nobody": Mark.BLOCKER})
    verdict = judge(worked, points("s2", max_nfr=0.4), leave_out=label_wrong(worked))
    assert verdict.decided == "ship"
    assert verdict.label_wrong == 1
    assert verdict.sentences()[-1] == "Left out for a wrong label: 1 sample."


def test_that_the_update_is_judged_as_it_is_under_its_offset(worked: Comparison) -> None:
    asked = points("s1", max_nfr=0.25)
    assert judge(worked, asked).decided == "hold"
    assert judge(at_offset(worked, 2.5), asked).decided == "ship"  # s1 goes back from c to a


def test_that_without_samples_the_options_pass_and_a_policy_lacks_evidence() -> None:
    old, update = random_pair(5, known=1)
    only_new = np.flatnonzero(old.labels != old.label_names.index(old.class_names[0]))
    part = [
        dataclasses.replace(v, sample_ids=v.sample_ids[only_new], labels=v.labels[only_new], logits=v.logits[only_new])
        for v in (old, update)
    ]
    verdict = judge(compare(*part), points(max_nfr=0.0, max_class_nfr=0.0))
    assert verdict.decided == "ship"
    assert "no samples to judge by" in verdict.findings[1].sentence()
    assert judge(compare(*part), Policy(max_class_nfr=0.0)).decided == "too little evidence"


def test_that_a_slice_s_measures_are_corrected_together() -> None:
    compared = counted(a=(970, 30, 0, 0), b=(480, 20, 0, 0))
    parts = (Slice("truth:a", max_nfr=0.06, min_gain=-0.1), Slice("truth:b", max_nfr=0.02))
    verdict = judge(compared, Policy(slices=parts))
    assert [(f.name, f.key, f.outcome, f.corrected_for) for f in verdict.findings] == [
        ("slice_max_nfr", "slices.truth:a", "pass", 3),
        ("slice_min_gain", "slices.truth:a", "pass", 3),
        ("slice_max_nfr", "slices.truth:b", "fail", 3),
    ]
    assert "(corrected for 3 judged together, Holm) does not reach it" in verdict.findings[0].sentence()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), nfr=st.floats(0, 1), share=st.floats(0, 1), gain=st.floats(-1, 1),
    confidence=st.sampled_from([0.8, 0.95]),
)  # fmt: skip
def test_that_what_ships_has_every_interval_on_the_good_side(
    seed: int, nfr: float, share: float, gain: float, confidence: float
) -> None:
    asked = Policy(
        max_nfr=nfr, max_class_nfr=share, min_accuracy_gain=gain, min_accuracy_new=0.0, confidence=confidence
    )
    verdict = judge(compare(*random_pair(seed)), asked)
    good = [
        f.interval[0] >= f.threshold - 1e-9 if f.name.startswith("min") else f.interval[1] <= f.threshold + 1e-9
        for f in verdict.findings
        if f.interval is not None
    ]
    if verdict.decided == "ship":
        assert all(good)
    assert (verdict.decided == "hold") == any(f.outcome == "fail" for f in verdict.findings)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), one=st.floats(0, 1), two=st.floats(0, 1))
def test_that_an_easier_policy_never_judges_worse(seed: int, one: float, two: float) -> None:
    compared, order = compare(*random_pair(seed)), ("hold", "too little evidence", "ship")
    hard, easy = sorted((one, two))
    found = [order.index(judge(compared, Policy(max_nfr=t, max_class_nfr=t)).decided) for t in (hard, easy)]
    assert found[0] <= found[1]
