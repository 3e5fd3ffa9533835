"""A comparison: worked by hand, and unmoved by any order of samples and classes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import SUBSETS, Comparison, compare, flow, per_class
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Predictions, write_predictions

from .conftest import by_id, random_pair, version

quick = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def test_that_the_worked_example_has_its_kinds_and_answers(worked: Comparison) -> None:
    assert worked.names == ("a", "b", "c")
    assert worked.old_answer.tolist() == [0, 0, 1, 0, 0, 1]
    assert worked.new_answer.tolist() == [0, 2, 0, 1, 2, 1]
    assert [FlipKind(k).name for k in worked.kinds] == [
        "BOTH_RIGHT", "NEGATIVE", "NEGATIVE", "POSITIVE", "POSITIVE", "BOTH_WRONG",
    ]  # fmt: skip
    assert worked.is_old_class.tolist() == [True] * 4 + [False] * 2
    assert worked.to_new_class.tolist() == [False, True, False, False, True, False]


def test_that_the_worked_example_has_its_margins(worked: Comparison) -> None:
    # s0: 2 − 0 and 3 − 1; s1: 1 − 0 and 1 − 3; s2: 4 − 0 and 1 − 2; s3: 0 − 1 and 1 − 0; s4: c is unknown to the old
    assert worked.old_margin[:4].tolist() == [2, 1, 4, -1]
    assert np.isnan(worked.old_margin[4:]).all()
    assert worked.new_margin.tolist() == [2, -2, -1, 1, 2, -4]
    assert worked.margin_drop[:4].tolist() == [0, 3, 5, -2]
    assert np.isnan(worked.margin_drop[4:]).all()
    assert worked.best_old_logit.tolist() == [3, 1, 2, 1, 0, 5]
    assert worked.best_new_logit.tolist() == [0, 3, 0, 0, 2, 1]


def test_that_the_worked_example_has_its_rates(worked: Comparison) -> None:
    every, old, new = (worked.rates(subset) for subset in SUBSETS)
    assert (every.both_right, every.negative_flips, every.positive_flips, every.both_wrong) == (1, 2, 2, 1)
    assert (old.samples, old.nfr, old.accuracy_old, old.accuracy_new) == (4, 0.5, 0.75, 0.5)
    assert (new.samples, new.nfr, new.accuracy_old, new.accuracy_new) == (2, 0.0, 0.0, 0.5)
    assert every.new_class_intrusion == 0.5
    assert every.churn == 4 / 6  # s1 s2 s3 s4
    # s1: softmax of (1, 0, 3), p_c − p_a = (e³ − e)/(e + 1 + e³); s2: of (2, 1, 0), (e² − e)/(e² + e + 1)
    e = math.e
    lost = (e**3 - e) / (e + 1 + e**3) + (e**2 - e) / (e**2 + e + 1)
    assert every.confidence_weighted_nfr == pytest.approx(lost / 6, rel=1e-6)
    assert every.mcnemar_p == 1.0


def test_that_top_answers_are_softmax_of_the_versions_own_classes(worked: Comparison) -> None:
    name, probability, logit = worked.top("new", 1)[0]
    e = math.e
    assert (name, logit) == ("c", 3.0)
    assert probability == pytest.approx(e**3 / (e + 1 + e**3))
    assert [row[0] for row in worked.top("old", 2, k=9)] == ["b", "a"]
    assert [row[0] for row in worked.top("new", 4)] == ["c", "a", "b"]  # a and b tie: by name


def with_classes_permuted(of: Predictions, rng: np.random.Generator) -> Predictions:
    columns, labels = rng.permutation(len(of.class_names)), rng.permutation(len(of.label_names))
    return dataclasses.replace(
        of,
        logits=of.logits[:, columns],
        class_names=tuple(of.class_names[i] for i in columns),
        label_names=tuple(of.label_names[i] for i in labels),
        labels=np.argsort(labels)[of.labels],
    )


def with_samples_permuted(of: Predictions, rng: np.random.Generator) -> Predictions:
    rows = rng.permutation(len(of))
    return dataclasses.replace(
        of, sample_ids=of.sample_ids[rows], labels=of.labels[rows], logits=of.logits[rows].copy()
    )


@quick
@given(seed=seeds, ties=st.booleans())
def test_that_a_permuted_class_list_gives_exactly_the_same_result(seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    old, new = random_pair(seed, ties=ties)
    before, after = compare(old, new), compare(with_classes_permuted(old, rng), with_classes_permuted(new, rng))
    assert by_id(after) == by_id(before)
    assert [after.rates(subset) for subset in SUBSETS] == [before.rates(subset) for subset in SUBSETS]
    assert flow(after) == flow(before)
    assert {c.name: c.rates for c in per_class(after)} == {c.name: c.rates for c in per_class(before)}


@quick
@given(seed=seeds)
def test_that_samples_in_another_order_give_exactly_the_same_result(seed: int) -> None:
    rng = np.random.default_rng(seed)
    old, new = random_pair(seed, ties=False)
    before, after = compare(old, new), compare(with_samples_permuted(old, rng), with_samples_permuted(new, rng))
    assert by_id(after) == by_id(before)
    assert [after.rates(subset) for subset in SUBSETS] == [before.rates(subset) for subset in SUBSETS]


@quick
@given(seed=seeds)
def test_that_subsets_and_classes_add_up_to_all(seed: int) -> None:
    found = compare(*random_pair(seed))
    every, old, new = (found.rates(subset) for subset in SUBSETS)
    for count in ("samples", "both_right", "negative_flips", "positive_flips", "both_wrong", "answers_changed"):
        assert getattr(every, count) == getattr(old, count) + getattr(new, count)
        assert getattr(every, count) == sum(getattr(c.rates, count) for c in per_class(found))
    assert sum(pair.count for pair in flow(found)) == every.negative_flips
    assert sum(pair.count for pair in flow(found) if pair.to_new_class) == every.intrusions


@quick
@given(seed=seeds)
def test_that_exchanging_the_versions_exchanges_the_flips(seed: int) -> None:
    old, new = random_pair(seed, known=5)
    there, back = compare(old, new).rates("all"), compare(new, old).rates("all")
    assert (there.negative_flips, there.positive_flips) == (back.positive_flips, back.negative_flips)
    assert there.mcnemar_p == back.mcnemar_p


@quick
@given(seed=seeds, keep_old=st.integers(1, 39), keep_new=st.integers(1, 39))
def test_that_only_shared_samples_count_and_the_others_are_reported(seed: int, keep_old: int, keep_new: int) -> None:
    old, new = random_pair(seed)
    few_old = dataclasses.replace(
        old, sample_ids=old.sample_ids[:keep_old], labels=old.labels[:keep_old], logits=old.logits[:keep_old]
    )
    few_new = dataclasses.replace(
        new, sample_ids=new.sample_ids[-keep_new:], labels=new.labels[-keep_new:], logits=new.logits[-keep_new:]
    )
    shared = set(few_old.sample_ids) & set(few_new.sample_ids)
    if not shared:
        with pytest.raises(UserError, match="no sample in common"):
            compare(few_old, few_new)
        return
    found = compare(few_old, few_new)
    assert set(found.sample_ids) == shared
    assert (found.matching.only_old, found.matching.only_new) == (keep_old - len(shared), keep_new - len(shared))
    whole = by_id(compare(old, new))
    assert by_id(found) == {name: whole[name] for name in map(str, found.sample_ids)}


def test_that_a_class_that_the_update_dropped_is_a_negative_flip_of_an_old_class() -> None:
    found = compare(version([[0, 1]], "ab", "b"), version([[1, 0]], "ac", "b"))
    assert found.kinds.tolist() == [FlipKind.NEGATIVE]
    assert found.matching.removed == ("b",)
    assert found.matching.added == ("c",)
    assert found.is_old_class.all()
    assert np.isnan(found.new_margin).all()
    assert found.confidence_lost[0] == found.new_confidence[0]


def test_that_memory_mapped_predictions_compare_like_those_in_memory(tmp_path: object) -> None:
    from pathlib import Path

    from mpt_studio.predictions import read_predictions

    old, new = random_pair(7)
    for name, each in (("old", old), ("new", new)):
        write_predictions(each, Path(str(tmp_path)) / name)
    mapped = compare(*(read_predictions(Path(str(tmp_path)) / name) for name in ("old", "new")))
    assert by_id(mapped) == by_id(compare(old, new))


@pytest.mark.benchmark(group="compare")
def test_that_a_hundred_thousand_samples_of_a_hundred_classes_compare_quickly(benchmark: object) -> None:
    pair = random_pair(1, samples=100_000, classes=100, known=50, ties=False)
    found = benchmark(compare, *pair)  # type: ignore[operator]
    assert len(found) == 100_000
