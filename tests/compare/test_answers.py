"""What one pass over each version's logits finds, against plain Python; what is not finite is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import answers, compare
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Predictions

from .conftest import by_id, random_pair, version

quick = settings(max_examples=60, deadline=None)


seeds = st.integers(0, 2**32 - 1)


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
