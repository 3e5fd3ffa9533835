"""Versions that gave only their answers: what can be told is told, the rest is said to be missing."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio import report
from mpt_studio.compare import (
    SUBSETS,
    Comparison,
    Filter,
    Interval,
    QueryError,
    Range,
    at_offset,
    causes,
    compare,
    facets,
    flow,
    frontier,
    open_comparison,
    parse,
    record_of,
    sort_rows,
    vocabulary,
    write_csv,
    write_parquet,
)
from mpt_studio.compare.annotations import Cause
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.causes import cause_sentence
from mpt_studio.decide import Policy, judge, recommend
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions, read_predictions, write_predictions

from ..conftest import random_pair


def only_answers(of: Predictions) -> Predictions:
    """The same version, known by its answers alone."""
    nothing = np.zeros((len(of), 0), np.float32)
    return dataclasses.replace(of, logits=nothing, scores="answers", answers=of.predicted)


@pytest.fixture
def told(worked: Comparison) -> Comparison:
    """The worked example without scores."""
    return compare(only_answers(worked.old), only_answers(worked.new))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_that_all_counts_are_those_of_the_versions_with_scores(seed: int, old_only: bool, new_only: bool) -> None:
    old, new = random_pair(seed, ties=False)
    whole = compare(old, new)
    found = compare(only_answers(old) if old_only else old, only_answers(new) if new_only else new)
    for name in ("truth", "old_answer", "new_answer", "kinds", "to_new_class", "is_old_class"):
        assert np.array_equal(getattr(found, name), getattr(whole, name)), name
    undefined = {"confidence_weighted_nfr"}
    for subset in SUBSETS:
        here, there = found.rates(subset).to_json(), whole.rates(subset).to_json()
        assert {k: v for k, v in here.items() if k not in undefined} == {
            k: v for k, v in there.items() if k not in undefined
        }
    assert flow(found) == flow(whole)
    assert found.has_scores == (not (old_only or new_only))
    if not new_only:
        assert np.array_equal(found.new_margin, whole.new_margin, equal_nan=True)
        assert record_of(at_offset(found, 0.5))["all"] == record_of(at_offset(whole, 0.5))["all"]


def test_that_what_needs_scores_is_undefined_and_the_json_has_null(told: Comparison) -> None:
    assert told.without_scores == ("old", "new")
    for name in ("old_margin", "new_margin", "margin_drop", "old_confidence", "new_confidence", "loss"):
        assert np.isnan(getattr(told, name)).all(), name
    record = json.loads(json.dumps(record_of(told), allow_nan=False))
    assert record["scores"] == {"old": "answers", "new": "answers"}
    assert record["all"]["confidence_weighted_nfr"] is None
    assert record["all"]["negative_flips"] == 2
    assert record["not_available"][0].startswith("The old model and the update gave only answers, no scores; not avail")
    assert told.top("old", 0) == told.top("new", 0) == []


def test_that_only_what_the_silent_version_would_tell_is_missing(worked: Comparison) -> None:
    old_only = compare(only_answers(worked.old), worked.new)
    assert (
        missing.reason(old_only, "margin_drop")
        == "There is no margin drop: the old model gave only answers, no scores."
    )
    assert missing.reason(old_only, "confidence") == missing.reason(old_only, "frontier") == ""
    assert len(frontier(old_only).offset) > 1
    assert Filter(confidences=(Interval(0.5, None),)).apply(old_only).tolist()


def test_that_filters_that_need_scores_say_so(told: Comparison) -> None:
    for chosen in (
        Filter(min_drop=1.0), Filter(max_drop=1.0), Filter(drops=(Interval(0, 1),)),
        Filter(ranges=(Range("loss", ">", 1),)),
        Filter(confidences=(Interval(0.5, None),)),
    ):  # fmt: skip
        with pytest.raises(UserError, match="gave only answers, no scores"):
            chosen.apply(told)
    with pytest.raises(
        QueryError, match=r"no margin drop: the old model and the update gave only .* \(at character 1\)"
    ):
        parse("margin_drop>2", vocabulary(told))
    assert parse("truth:a", vocabulary(told)).apply(told).tolist() == [0, 1]


def test_that_sorting_leaves_the_order_and_facets_count_the_rest(told: Comparison) -> None:
    rows = np.array([5, 1, 3])
    assert sort_rows(told, rows, "margin_drop").tolist() == rows.tolist()
    counted = facets(told, Filter())
    assert sum(counted.kinds.values()) == 6
    assert sum(counted.drops.values()) == sum(counted.confidences.values()) == 0


def test_that_causes_tell_new_classes_from_old_ones(told: Comparison) -> None:
    assert [Cause(cause) for cause in causes(told)[[1, 2]]] == [Cause.NEW_CLASS, Cause.OLD_OLD]
    assert cause_sentence(told, 1) == "Stolen by new class c; margins not available"


def test_that_the_frontier_is_the_update_as_it_is_and_offsets_are_refused(told: Comparison) -> None:
    curve = frontier(told)
    assert curve.offset.tolist() == [0.0]
    assert curve.nfr_all[0] == told.rates("all").nfr
    assert at_offset(told, 0.0).negative_flips.tolist() == [1, 2]
    for ask in (lambda: at_offset(told, 1.0), lambda: frontier(told, [0.0, 1.0])):
        with pytest.raises(UserError, match="update gave only answers"):
            ask()
    assert at_offset(told, 0.0) is told
    assert recommend(told, {"v2": told}, any_offset=True).gamma == 0.0


def test_that_criteria_and_exports_work(told: Comparison, tmp_path: Path) -> None:
    verdict = judge(told, Policy(max_nfr=0.1, confidence=0))
    assert verdict.decided == "hold"
    assert verdict.findings[0].samples == ("s1", "s2")
    write_csv(told, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as stream:
        assert [row["margin_drop"] for row in csv.DictReader(stream)] == [""] * 6
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(told, tmp_path / "t.parquet")
    assert parquet.read_table(tmp_path / "t.parquet")["margin_drop"].null_count == 6
    text = report.judged_report(record_of(told), told.matching)
    assert "not available: margin drop, confidence" in text


def test_that_a_kept_comparison_of_answers_equals_a_fresh_one(told: Comparison, tmp_path: Path) -> None:
    for name, of in (("old", told.old), ("new", told.new)):
        write_predictions(of, tmp_path / name)
    pair = [read_predictions(tmp_path / name) for name in ("old", "new")]
    fresh, again = (open_comparison(*pair, tmp_path / "kept") for _ in range(2))
    assert record_of(fresh) == record_of(again) == record_of(told)
    turned = dataclasses.replace(told.new, answers=told.new.predicted[::-1].copy())
    assert record_of(open_comparison(pair[0], turned, tmp_path / "kept")) == record_of(compare(told.old, turned))
