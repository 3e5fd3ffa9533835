"""The table of figures, and a comparison in JSON."""

from __future__ import annotations

import pytest

from mpt_studio.compare import FIGURES, SUBSETS, Comparison, record_of
from mpt_studio.compare.figures.columns import Unit
from mpt_studio.flips import SHARES
from mpt_studio.units import told


def test_that_the_json_form_has_samples_matching_and_subsets(worked: Comparison) -> None:
    record = record_of(worked)
    assert set(record) == {"samples", "matching", "scores", "not_available", "notes", *SUBSETS}
    assert record["samples"] == 6
    assert record["matching"]["added"] == ["c"]
    assert record["new_classes"]["btc"] is None  # the old model is never right on new classes


def test_that_every_figure_is_in_json_under_its_key(worked: Comparison) -> None:
    rates = worked.rates("all")
    record = rates.to_json()
    for figure in FIGURES:
        assert record[figure.key] == figure.value(rates)
        assert record.get(f"{figure.key}_ci95") == figure.interval(rates)
    assert len({figure.key for figure in FIGURES}) == len(FIGURES)


def test_that_every_share_that_is_counted_is_a_figure() -> None:
    assert {share.name for share in SHARES} <= {figure.key for figure in FIGURES}


def test_that_the_part_and_the_whole_of_a_share_are_told(worked: Comparison) -> None:
    by_key = {figure.key: figure for figure in FIGURES}
    every = worked.rates("all")  # a, b, c, d = 1, 2, 2, 1
    assert {key: by_key[key].basis(every) for key in ("nfr", "btc", "bec", "new_class_intrusion", "relative_nfr")} == {
        "nfr": 6, "btc": 3, "bec": 3, "new_class_intrusion": 2, "relative_nfr": 6,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("count", 1234, "1234"), ("share", 0.1234, "12.3 %"), ("ratio", 1.106, "1.11"),
        ("probability", 0.0125, "0.013"), ("probability", 0.0004, "< 0.001"), ("share", None, "–"),
    ],
)  # fmt: skip
def test_that_numbers_are_written_by_their_unit(unit: Unit, value: float | None, text: str) -> None:
    assert told(unit, value) == text
