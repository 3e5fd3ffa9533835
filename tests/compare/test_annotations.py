"""What is known of samples beside the answers: thresholds, marks, metadata."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.compare import Comparison, Metadata, at_offset
from mpt_studio.compare.annotations import FACET_VALUES, CauseThresholds, Column
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark


@pytest.mark.parametrize("wrong", [{"near_tie": -1}, {"confident": 1.2}, {"suspect_truth": float("nan")}])
def test_that_thresholds_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError):
        CauseThresholds(**wrong)


def test_that_the_docs_tell_the_default_thresholds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "causes.md").read_text("utf-8")
    for field in dataclasses.fields(CauseThresholds):
        assert f"| {field.name.replace('_', ' ')} | {field.default:g} |" in text


def test_that_marks_and_metadata_of_a_comparison_are_those_of_its_view(worked: Comparison) -> None:
    view, before = at_offset(worked, 1.0), worked.annotations.revision
    view.set_marks({"s1": Mark.BLOCKER, "nobody": Mark.BLOCKER})
    view.mark([2], Mark.ACCEPTABLE)
    assert worked.marks.tolist() == [0, Mark.BLOCKER, Mark.ACCEPTABLE, 0, 0, 0]
    worked.set_metadata(Metadata({}, "sample id", 6, 0, 0, ()))
    assert view.metadata is worked.metadata
    assert worked.annotations.revision == before + 3


def test_that_columns_of_few_values_are_facets() -> None:
    def column(name: str, values: int) -> Column:
        return Column(name, None, np.zeros(1, np.int32), tuple(map(str, range(values))))

    columns = [column("none", 0), column("few", 3), column("many", FACET_VALUES + 1)]
    assert Metadata({c.name: c for c in columns}, "sample id", 1, 0, 0, ()).facets == ["few"]
