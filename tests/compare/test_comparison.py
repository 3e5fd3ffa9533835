"""A comparison: worked by hand, against plain Python, and unmoved by any order of samples and classes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import SUBSETS, Comparison, FlowPair, answers, compare, flow, per_class, record_of
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Predictions

from .conftest import random_pair, version

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


def test_that_the_worked_example_flows_and_counts_per_class(worked: Comparison) -> None:
    assert flow(worked) == [FlowPair("a", "c", 1, True), FlowPair("b", "a", 1, False)]
    a, b, c = per_class(worked)
    assert (a.name, a.is_new, a.rates.samples, a.rates.negative_flips, a.rates.intrusions) == ("a", False, 2, 1, 1)
    assert (b.rates.negative_flips, b.rates.positive_flips, b.rates.intrusions) == (1, 1, 0)
    assert (c.is_new, c.rates.both_wrong, c.rates.positive_flips) == (True, 1, 1)


def test_that_top_answers_are_softmax_of_the_versions_own_classes(worked: Comparison) -> None:
    name, probability, logit = worked.top("new", 1)[0]
    e = math.e
    assert (name, logit) == ("c", 3.0)
    assert probability == pytest.approx(e**3 / (e + 1 + e**3))
    assert [row[0] for row in worked.top("old", 2, k=9)] == ["b", "a"]
    assert [row[0] for row in worked.top("new", 4)] == ["c", "a", "b"]  # a and b tie: by name


def test_that_the_json_form_has_samples_matching_and_subsets(worked: Comparison) -> None:
    record = record_of(worked)
    assert set(record) == {"samples", "matching", "scores", "not_available", "notes", *SUBSETS}
    assert record["samples"] == 6
    assert record["matching"]["added"] == ["c"]
    assert record["new_classes"]["btc"] is None  # the old model is never right on new classes


def plain_python(old: Predictions, new: Predictions) -> dict[str, dict[str, object]]:
    """The same figures, sample by sample and name by name."""
    found: dict[str, dict[str, object]] = {}
    old_row = {str(name): i for i, name in enumerate(old.sample_ids)}
    for j, name in enumerate(map(str, new.sample_ids)):
        truth = new.label_names[new.labels[j]]
        record: dict[str, object] = {"truth": truth}
        for side, row, of in (("old", old_row[name], old), ("new", j, new)):
            z = dict(zip(of.class_names, map(float, of.logits[row]), strict=True))
            record[side] = min(z, key=lambda c: (-z[c], c))
            others = [value for c, value in z.items() if c != truth]
            record[f"{side} margin"] = z[truth] - max(others) if truth in z and others else None
            top, total = max(z.values()), sum(math.exp(value) for value in z.values())
            record[f"{side} confidence"] = math.exp(top) / total
        found[name] = record
    return found


@quick
@given(seed=seeds, samples=st.integers(1, 30), classes=st.integers(1, 6), known=st.integers(1, 6))
def test_that_arrays_equal_plain_python(seed: int, samples: int, classes: int, known: int) -> None:
    old, new = random_pair(seed, samples, classes, min(known, classes))
    found, expected = compare(old, new), plain_python(old, new)
    assert found.sample_ids.tolist() == new.sample_ids.tolist()
    for i, name in enumerate(found.sample_ids):
        record = expected[str(name)]
        assert found.names[found.truth[i]] == record["truth"]
        for side in ("old", "new"):
            assert found.names[getattr(found, f"{side}_answer")[i]] == record[side]
            assert getattr(found, f"{side}_confidence")[i] == pytest.approx(record[f"{side} confidence"], rel=1e-5)
            margin = getattr(found, f"{side}_margin")[i]
            assert (None if np.isnan(margin) else margin) == record[f"{side} margin"]


@quick
@given(seed=seeds, chunk=st.integers(1, 50))
def test_that_the_chunk_size_changes_nothing(seed: int, chunk: int) -> None:
    pair = random_pair(seed, ties=False)
    whole = compare(*pair)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answers, "CHUNK_VALUES", chunk)
        assert by_id(compare(*pair)) == by_id(whole)


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


def by_id(c: Comparison) -> dict[str, tuple[object, ...]]:
    """Everything about each sample, exactly; NaN as None so that it equals itself."""
    names = np.array(c.names)
    columns = [
        names[c.truth], names[c.old_answer], names[c.new_answer], c.kinds, c.old_confidence, c.new_confidence,
        c.old_margin, c.new_margin, c.margin_drop, c.confidence_lost, c.best_old_logit, c.best_new_logit,
    ]  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    cleaned = (tuple(None if isinstance(v, float) and math.isnan(v) else v for v in row) for row in rows)
    return dict(zip(map(str, c.sample_ids), cleaned, strict=True))


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


def test_that_samples_whose_class_nobody_knows_are_left_out_and_reported() -> None:
    old = version([[1, 0], [0, 1]], "ab", "az")
    new = version([[1, 0, 0], [0, 1, 0]], "abc", "az")
    found = compare(old, new)
    assert found.sample_ids.tolist() == ["s0"]
    assert found.rates("all").samples == 1
    assert (found.matching.matched, found.matching.unknown, found.matching.unknown_classes) == (1, 1, ("z",))
    assert "'z'" in found.matching.sentences()[0]


def test_that_what_does_not_match_is_told_in_sentences_and_nothing_where_all_does(worked: Comparison) -> None:
    assert worked.matching.sentences() == []
    old, new = version([[1, 0]] * 3, "ab", "aaa", ids="xyz"), version([[1, 0]] * 2, "ac", "aa", ids="zw")
    assert compare(old, new).matching.sentences() == [
        "2 samples have no answer of the update ('x', 'y').",
        "1 sample has no answer of the old model ('w').",
        "Classes of the old model that the update lacks: 1 ('b').",
    ]


def test_that_a_comparison_in_which_no_class_is_known_is_refused() -> None:
    with pytest.raises(UserError, match="Neither version knows"):
        compare(version([[1, 0]], "ab", "z"), version([[1, 0]], "ab", "z"))


def test_that_a_class_that_the_update_dropped_is_a_negative_flip_of_an_old_class() -> None:
    found = compare(version([[0, 1]], "ab", "b"), version([[1, 0]], "ac", "b"))
    assert found.kinds.tolist() == [FlipKind.NEGATIVE]
    assert found.matching.removed == ("b",)
    assert found.matching.added == ("c",)
    assert found.is_old_class.all()
    assert np.isnan(found.new_margin).all()
    assert found.confidence_lost[0] == found.new_confidence[0]


def test_that_classes_at_other_places_are_noticed() -> None:
    logits, truths = [[1, 0]], "a"
    assert not compare(version(logits, "ab", truths), version([[1, 0, 0]], "abc", truths)).matching.reordered
    assert compare(version(logits, "ba", truths), version([[1, 0, 0]], "abc", truths)).matching.reordered
    assert compare(version(logits, "ab", truths), version([[1, 0, 0]], "cab", truths)).matching.reordered


def test_that_a_sample_with_two_truths_is_refused_with_an_example() -> None:
    old, new = version([[1, 0]] * 2, "ab", "ab", name="v1"), version([[1, 0]] * 2, "ab", "aa", name="v2")
    with pytest.raises(UserError, match=r"sample 's1' is a 'b' for v1 and a 'a' for v2 \(1 of 2"):
        compare(old, new)


def on(data: str, made: Predictions) -> Predictions:
    return dataclasses.replace(made, data_fingerprint=data)


def test_that_a_comparison_over_other_data_with_the_same_ids_and_classes_is_refused() -> None:
    one, other = version([[1, 0]] * 2, "ab", "ab", name="v1"), version([[0, 1]] * 2, "ab", "ab", name="v2")
    with pytest.raises(UserError, match=r"data differ: v1 and v2 .* fingerprints are aa11 and bb22; evaluate both"):
        compare(on("aa11", one), on("bb22", other))


@pytest.mark.parametrize(("before", "after"), [("", ""), ("aa11", ""), ("", "bb22"), ("aa11", "aa11")])
def test_that_data_of_the_same_or_an_unknown_fingerprint_are_compared_without_a_word(before: str, after: str) -> None:
    made = version([[1, 0]] * 2, "ab", "ab")
    assert compare(on(before, made), on(after, made)).matching.sentences() == []


def test_that_data_of_which_only_a_part_is_shared_are_compared_with_a_word_on_their_editions() -> None:
    one, other = version([[1, 0]] * 2, "ab", "aa", ids="xy"), version([[1, 0]] * 2, "ab", "aa", ids="yz")
    told = compare(on("aa11", one), on("bb22", other)).matching.sentences()
    assert told[0] == (
        "The two versions were evaluated on different editions of the data: "
        "images with the same id need not be the same."
    )
    assert len(told) == 3


def test_that_an_id_that_occurs_twice_is_refused() -> None:
    with pytest.raises(UserError, match="'x' more than once"):
        compare(version([[1, 0]] * 2, "ab", "ab", ids="xx"), version([[1, 0]] * 2, "ab", "ab", ids="xy"))


@pytest.mark.parametrize("bad", [[math.nan, 0], [math.inf, 0], [-math.inf, -math.inf]])
def test_that_logits_that_are_not_finite_are_refused_with_the_sample(bad: list[float]) -> None:
    with pytest.raises(UserError, match="of v2 have logits that are not finite in 1 of 2 samples \\(such as 's1'"):
        compare(version([[1, 0]] * 2, "ab", "ab"), version([[1, 0], bad], "ab", "ab", name="v2"))


def test_that_a_masked_class_of_minus_infinity_is_accepted() -> None:
    found = compare(version([[1, 0]], "ab", "a"), version([[1, -math.inf]], "ab", "a"))
    assert found.new_confidence.tolist() == [1.0]


def test_that_huge_logits_do_not_overflow() -> None:
    found = compare(version([[3e38, -3e38]], "ab", "a"), version([[0, 1e4]], "ab", "a"))
    assert found.old_confidence.tolist() == [1.0]
    assert found.kinds.tolist() == [FlipKind.NEGATIVE]


def test_that_memory_mapped_predictions_compare_like_those_in_memory(tmp_path: object) -> None:
    from pathlib import Path

    from mpt_studio.predictions import read_predictions

    old, new = random_pair(7)
    for name, each in (("old", old), ("new", new)):
        each.save(Path(str(tmp_path)) / name)
    mapped = compare(*(read_predictions(Path(str(tmp_path)) / name) for name in ("old", "new")))
    assert by_id(mapped) == by_id(compare(old, new))


@pytest.mark.benchmark(group="compare")
def test_that_a_hundred_thousand_samples_of_a_hundred_classes_compare_quickly(benchmark: object) -> None:
    pair = random_pair(1, samples=100_000, classes=100, known=50, ties=False)
    found = benchmark(compare, *pair)  # type: ignore[operator]
    assert len(found) == 100_000
