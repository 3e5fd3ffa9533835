"""Samples are matched by id and classes by name; what does not match is told or refused."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from mpt_studio.compare import Comparison, compare
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions

from ..conftest import version


def on(data: str, made: Predictions) -> Predictions:
    return dataclasses.replace(made, data_fingerprint=data)


def test_that_what_does_not_match_is_told_in_sentences_and_nothing_where_all_does(worked: Comparison) -> None:
    assert worked.matching.sentences() == []
    old, new = version([[1, 0]] * 3, "ab", "aaa", ids="xyz"), version([[1, 0]] * 2, "ac", "aa", ids="zw")
    assert compare(old, new).matching.sentences() == [
        "2 samples have no answer of the update ('x', 'y').",
        "1 sample has no answer of the old model ('w').",
        "Classes of the old model that the update lacks: 1 ('b').",
    ]


def test_that_samples_whose_class_nobody_knows_are_left_out_and_reported() -> None:
    old = version([[1, 0], [0, 1]], "ab", "az")
    new = version([[1, 0, 0], [0, 1, 0]], "abc", "az")
    found = compare(old, new)
    assert found.sample_ids.tolist() == ["s0"]
    assert found.rates("all").samples == 1
    assert (found.matching.matched, found.matching.unknown, found.matching.unknown_classes) == (1, 1, ("z",))
    assert "'z'" in found.matching.sentences()[0]


def test_that_a_comparison_in_which_no_class_is_known_is_refused() -> None:
    with pytest.raises(UserError, match="Neither version knows"):
        compare(version([[1, 0]], "ab", "z"), version([[1, 0]], "ab", "z"))


def test_that_classes_at_other_places_are_noticed() -> None:
    logits, truths = [[1, 0]], "a"
    assert not compare(version(logits, "ab", truths), version([[1, 0, 0]], "abc", truths)).matching.reordered
    assert compare(version(logits, "ba", truths), version([[1, 0, 0]], "abc", truths)).matching.reordered
    assert compare(version(logits, "ab", truths), version([[1, 0, 0]], "cab", truths)).matching.reordered


def test_that_a_sample_with_two_truths_is_refused_with_an_example() -> None:
    old, new = version([[1, 0]] * 2, "ab", "ab", name="v1"), version([[1, 0]] * 2, "ab", "aa", name="v2")
    with pytest.raises(UserError, match=r"sample 's1' is a 'b' for v1 and a 'a' for v2 \(1 of 2"):
        compare(old, new)


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


def test_that_the_truth_comes_from_whichever_version_tells_it(worked: Comparison) -> None:
    silent = {"labels": np.full(6, -1), "label_names": ()}
    for side in ("old", "new"):
        pair = {"old": worked.old, "new": worked.new}
        pair[side] = dataclasses.replace(pair[side], **silent)
        assert compare(**pair).rates("all") == worked.rates("all")
    with pytest.raises(UserError, match="neither version tell the true classes; add a column label"):
        compare(dataclasses.replace(worked.old, **silent), dataclasses.replace(worked.new, **silent))


def test_that_samples_without_a_truth_are_left_out_and_counted() -> None:
    old = version([[1, 0], [0, 1], [1, 0]], "ab", "aba")
    partly = dataclasses.replace(old, labels=np.array([0, -1, -1]))
    found = compare(partly, dataclasses.replace(partly, labels=np.array([-1, 1, -1])))
    assert (len(found), found.matching.unlabelled, found.matching.unknown) == (2, 1, 0)
    assert "1 sample has no true class in either version's predictions; left out." in found.matching.sentences()
    assert math.isclose(found.rates("all").accuracy_old or 0, 1.0)
