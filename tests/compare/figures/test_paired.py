"""Two candidates against one old model: shared and unshared negative flips."""

from __future__ import annotations

import dataclasses

import pytest

from mpt_studio.compare import compare, paired
from mpt_studio.errors import UserError

from ..conftest import version

TRUTHS = "aaaaaaab"
OLD = version([[1, 0]] * 8, "ab", TRUTHS)  # right on the seven samples of a


def update(answers: str) -> list[list[float]]:
    return [[1, 0, 0] if a == "a" else [0, 1, 0] if a == "b" else [0, 0, 1] for a in answers]


def test_that_shared_and_unshared_flips_are_counted_by_id() -> None:
    first = compare(OLD, version(update("bbbcaaab"), "abc", TRUTHS))  # flips s0 s1 s2 s3
    straight = version(update("abaaaaaa"), "abc", TRUTHS)  # flips s1
    reverse = dataclasses.replace(
        straight,
        sample_ids=straight.sample_ids[::-1],
        labels=straight.labels[::-1],
        logits=straight.logits[::-1],
    )
    found = paired(first, compare(OLD, reverse))
    assert (found.samples, found.both, found.only_first, found.only_second) == (8, 1, 3, 0)
    assert found.nfr_difference == 3 / 8
    assert found.mcnemar_p == 0.25  # 2 / 2³


def test_that_comparisons_against_different_old_models_are_refused() -> None:
    other = version([[0, 1]] + [[1, 0]] * 7, "ab", TRUTHS)
    new = version(update("aaaaaaab"), "abc", TRUTHS)
    with pytest.raises(UserError, match=r"different old models .*'s0'"):
        paired(compare(OLD, new), compare(other, new))


def test_that_comparisons_without_a_shared_sample_are_refused() -> None:
    new = version(update("a"), "abc", "a", ids="x")
    with pytest.raises(UserError, match="no sample in common"):
        paired(
            compare(OLD, version(update(TRUTHS), "abc", TRUTHS)), compare(version([[1, 0]], "ab", "a", ids="x"), new)
        )
