"""Flips do not depend on how either version orders or spells its classes, once the class doctor has spoken."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import (
    SUBSETS,
    ClassMap,
    Comparison,
    aligned,
    aligned_by_store,
    compare,
    flow,
    keep_map,
    record_of,
)
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions

from ..conftest import random_pair, version

quick = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def permuted(of: Predictions, rng: np.random.Generator) -> Predictions:
    """The same version with its class list, its columns and its label names in another order."""
    columns = rng.permutation(len(of.class_names))
    places = rng.permutation(len(of.label_names))
    back = np.argsort(places)
    answers = None if of.answers is None else np.argsort(columns)[of.answers]
    return dataclasses.replace(
        of,
        class_names=tuple(of.class_names[i] for i in columns),
        logits=of.logits[:, columns] if of.has_scores else of.logits,
        answers=answers,
        label_names=tuple(of.label_names[i] for i in places),
        labels=back[of.labels],
    )


def called(of: Predictions, names: dict[str, str]) -> Predictions:
    """The same version with other names for its classes, among its labels too."""
    return dataclasses.replace(
        of,
        class_names=tuple(names.get(name, name) for name in of.class_names),
        label_names=tuple(names.get(name, name) for name in of.label_names),
    )


def figures(of: Comparison) -> tuple[object, ...]:
    order = np.argsort(of.sample_ids)
    names = np.array(of.names)
    columns = [of.kinds, of.to_new_class, of.is_old_class, names[of.truth], names[of.new_answer]]
    margins = np.nan_to_num(of.margin_drop[order], nan=9e9)
    rates = [of.rates(subset).to_json() for subset in SUBSETS]
    return [column[order].tolist() for column in columns], margins.tolist(), rates, flow(of)


def odd(name: str, rng: np.random.Generator) -> str:
    """Another spelling of a name like "class 3"."""
    return str(rng.choice([name.upper(), name.replace(" ", "_"), name.title(), name.replace(" ", "-")]))


@quick
@given(seed=seeds, answers_only=st.booleans())
def test_that_permuted_and_respelled_class_lists_give_exactly_the_same_flips(seed: int, answers_only: bool) -> None:
    rng = np.random.default_rng(seed)
    old, new = random_pair(seed, ties=False)
    if answers_only:
        nothing = np.zeros((len(old), 0), np.float32)
        old = dataclasses.replace(old, logits=nothing, scores="answers", answers=old.predicted)
    plain = compare(*aligned(old, new))
    spelled = called(permuted(old, rng), {name: odd(name, rng) for name in old.label_names})
    assert figures(compare(*aligned(spelled, permuted(new, rng)))) == figures(plain)


@quick
@given(seed=seeds)
def test_that_names_changed_by_a_class_map_give_exactly_the_same_flips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    old, new = random_pair(seed, ties=False)
    plain = compare(old, new)
    turned = list(rng.permutation(list(old.label_names)))
    names = dict(zip(old.label_names, turned, strict=True))  # every old name means another class now
    there = ClassMap(tuple((names[name], name) for name in old.class_names))
    theirs = dataclasses.replace(called(permuted(old, rng), names), data_fingerprint="")
    known = {n: n for n in old.label_names if n in old.class_names}
    kept = np.isin(np.array(old.label_names)[old.labels], list(known))  # labels of its own classes alone
    theirs = dataclasses.replace(
        theirs, sample_ids=theirs.sample_ids[kept], labels=theirs.labels[kept], logits=theirs.logits[kept]
    )
    found = compare(*aligned(theirs, new, there))
    rows = plain.rows_of(found.sample_ids.tolist())
    assert np.array_equal(found.kinds, plain.kinds[rows])
    assert np.array_equal(np.array(found.names)[found.old_answer], np.array(plain.names)[plain.old_answer[rows]])


def test_that_nothing_changes_where_nothing_is_called_otherwise() -> None:
    old, new = random_pair(3)
    assert aligned(old, new) == (old, new)


def test_that_an_unexplained_mismatch_is_refused() -> None:
    old = version([[1, 0]], "ax", "a")
    with pytest.raises(UserError, match="1 of the old model's classes without a counterpart in the update: x"):
        aligned(old, version([[1, 0]], "ab", "a"))


def test_that_a_class_dropped_knowingly_is_compared_without_a_counterpart() -> None:
    old, new = version([[1, 0], [0, 1]], "ax", "ax"), version([[1, 0], [1, 0]], "ab", "ax", label_names="abx")
    found = compare(*aligned(old, new, ClassMap((("x", ""),))))
    assert found.matching.removed == ("x",)
    assert found.rates("old_classes").negative_flips == 1


def test_that_a_dropped_class_is_kept_apart_from_an_other_class_of_its_name() -> None:
    old, new = version([[0, 1], [1, 0]], "ab", "ba"), version([[0, 1], [0, 1]], "ab", "ba", label_names="abx")
    found = compare(*aligned(old, new, ClassMap((("b", ""),))))
    assert "b (old model)" in found.names
    assert found.rates("all").both_right == 0  # the old model's b is not the update's


def test_that_labels_spelled_otherwise_than_the_classes_are_understood() -> None:
    old = called(version([[1, 0], [0, 1]], "ab", "ab"), {"a": "Alpha One", "b": "Beta"})
    new = called(version([[1, 0], [0, 1]], "ab", "ab"), {"a": "alpha_one", "b": "beta"})
    found = compare(*aligned(old, new))
    assert found.rates("all").both_right == 2
    assert record_of(found)["notes"]["old"] == ["Spelled otherwise: Alpha One → alpha_one, Beta → beta."]
    odd_labels = dataclasses.replace(new, label_names=("ALPHA-ONE", "BETA"))
    assert compare(*aligned(old, odd_labels)).rates("all").both_right == 2


def test_that_an_update_known_by_its_answers_knows_the_classes_of_its_labels() -> None:
    old = version([[1, 0], [0, 1], [1, 0]], "ab", "aba")
    nothing = np.zeros((3, 0), np.float32)
    new = dataclasses.replace(
        version([[1], [1], [1]], "a", "aba"),
        logits=nothing, scores="answers", answers=np.zeros(3, dtype=np.int64), open_ended=True,
    )  # fmt: skip
    found = compare(*aligned(old, new))
    assert found.matching.removed == ()
    assert found.rates("old_classes").negative_flips == 1
    silent = dataclasses.replace(new, labels=np.full(3, -1), label_names=())
    with pytest.raises(UserError, match="1 of the old model's classes without a counterpart in the update: b"):
        aligned(old, silent)  # it might call it otherwise: nothing says that it does not


def test_that_a_kept_map_is_honoured(tmp_path: Path) -> None:
    old = called(version([[1, 0]], "ab", "a"), {"a": "kitty"})
    new = version([[1, 0]], "ab", "a")
    with pytest.raises(UserError):
        aligned_by_store(old, new, tmp_path)
    keep_map(tmp_path, old.class_names, new.class_names, ClassMap((("kitty", "a"),)))
    assert compare(*aligned_by_store(old, new, tmp_path)).rates("all").both_right == 1
