"""Facets counted through joined codes against counting one sample after the other."""

from __future__ import annotations

from collections import Counter as Tally

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Cancelled, Cause, Comparison, Filter, at_offset, causes, compare, facets
from mpt_studio.compare.files.metadata import Column, Metadata
from mpt_studio.compare.finding import counting
from mpt_studio.compare.finding.counting import Code, join
from mpt_studio.compare.finding.explore import CONFIDENCE_BINS, DROP_BINS
from mpt_studio.compare.finding.filters import Among, Interval
from mpt_studio.flips import FlipKind, Mark

from ..conftest import random_pair

FIELDS = {"kinds": FlipKind, "causes": Cause, "marks": Mark, "drops": DROP_BINS, "confidences": CONFIDENCE_BINS}


def annotated(seed: int, classes: int = 5) -> Comparison:
    """A random comparison with marks and a column of a table; some samples have no value there."""
    made, rng = compare(*random_pair(seed, classes=classes)), np.random.default_rng(seed)
    for mark in (Mark.BLOCKER, Mark.ACCEPTABLE):
        made.mark(rng.integers(0, len(made), 4), mark)
    column = Column("light", None, rng.integers(-1, 3, len(made)).astype(np.int32), ("day", "dusk", "night"))
    made.set_metadata(Metadata({"light": column}, "sample id", len(made), 0, 0, ()))
    return made


def plainly(found: Comparison, chosen: Filter, field: str) -> Tally[object]:
    """A facet's counts, one sample at a time."""
    others = chosen if field == "" else Filter(**{**vars(chosen), field: ()})
    values: dict[str, object] = {
        "kinds": found.kinds, "causes": causes(found), "marks": found.marks,
        "truths": [found.names[t] for t in found.truth], "answers": [found.names[a] for a in found.new_answer],
        "drops": [_bin(DROP_BINS, d) for d in found.margin_drop],
        "confidences": [_bin(CONFIDENCE_BINS, p) for p in found.new_confidence],
        "columns": [found.metadata.columns["light"].codes[i] for i in range(len(found))],  # type: ignore[union-attr]
    }  # fmt: skip
    return Tally(values[field][row] for row in others.apply(found).tolist())  # type: ignore[index]


def _bin(bins: tuple[Interval, ...], value: float) -> Interval | None:
    fits = (b for b in bins if (b.low is None or value >= b.low) and (b.high is None or value < b.high))
    return None if np.isnan(value) else next(fits)


@pytest.mark.parametrize("block", [7, 1 << 16])
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
    narrow=st.booleans(),
)
def test_that_every_facet_counts_what_the_other_conditions_leave(
    block: int, seed: int, data: st.DataObject, narrow: bool
) -> None:
    found = annotated(seed)
    parts = {
        name: tuple(data.draw(st.sets(st.sampled_from(list(values)), max_size=3))) for name, values in FIELDS.items()
    }
    columns = (Among("light", ("day", "night")),) if data.draw(st.booleans()) else ()
    chosen = Filter(**parts, columns=columns, to_new_class=False if narrow else None)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "BLOCK", block)
        counted = facets(found, chosen)
    assert counted.shown == len(chosen.apply(found))
    for field in (*FIELDS, "truths", "answers"):
        expected = plainly(found, chosen, field)
        assert {k: n for k, n in getattr(counted, field).items() if n} == {
            k: n for k, n in expected.items() if k is not None and not (field == "causes" and k == Cause.NONE)
        }
    expected = plainly(found, chosen, "columns")
    assert counted.columns["light"] == {name: expected[i] for i, name in enumerate(("day", "dusk", "night"))}


def test_that_many_classes_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from mpt_studio.compare.finding import explore

    monkeypatch.setattr(explore, "SMALL", 24)  # 5 × 5 pairs are too many
    found = annotated(3)
    for field in ("truths", "answers"):
        counted = getattr(facets(found, Filter(kinds=(FlipKind.NEGATIVE, FlipKind.BOTH_WRONG))), field)
        expected = plainly(found, Filter(kinds=(FlipKind.NEGATIVE, FlipKind.BOTH_WRONG)), field)
        assert counted == {name: expected[name] for name in found.names}


def test_that_facets_follow_marks_thresholds_and_an_offset() -> None:
    found = annotated(5)
    for each in (found, at_offset(found, 1.0)):
        before = facets(each, Filter())
        each.mark([0], Mark.LABEL_WRONG)
        each.set_thresholds(type(each.thresholds)(near_tie=100.0))
        after = facets(each, Filter())
        assert after.marks[Mark.LABEL_WRONG] == 1
        assert after.causes == {c: plainly(each, Filter(), "causes")[c] for c in Cause if c != Cause.NONE}
        assert sum(before.kinds.values()) == sum(after.kinds.values()) == len(each)
        each.set_thresholds(type(each.thresholds)())
        each.mark([0], Mark.NONE)


def test_that_a_code_holds_every_column() -> None:
    digits = {"a": np.array([0, 1, 1, 2]), "b": np.array([1, 0, 1, 1])}
    code = join(4, {"a": 3, "b": 2}, {name: values.__getitem__ for name, values in digits.items()}, lambda: False)
    assert code.values.tolist() == [1, 2, 3, 5]
    table = np.bincount(code.values, minlength=code.size)
    assert code.by("a", table) == [1, 2, 1]
    assert code.by("b", table) == [1, 3]
    assert Code(np.array([0]), {"only": 7}).size == 7
    wide = join(
        2, {"a": 300, "b": 300}, {"a": lambda _: np.array([299, 0]), "b": lambda _: np.array([299, 1])}, lambda: False
    )
    assert wide.values.tolist() == [89_999, 1]
    with pytest.raises(Cancelled):
        join(4, {"a": 3}, {"a": digits["a"].__getitem__}, lambda: True)
