"""The record: plain JSON values that say the same as compare."""

from __future__ import annotations

import json
from typing import Any

from mpt_studio.compare import record_of
from mpt_studio.report.record import CURVE_POINTS, report_record

from .conftest import NOW, handover, made_of_names


def test_that_it_is_plain_json_and_says_the_figures_of_compare(plain: dict[str, Any]) -> None:
    assert json.loads(json.dumps(plain, allow_nan=False)).keys() == plain.keys()
    assert plain["figures"] == record_of(made_of_names(("a", "b", "c", "d")))
    assert plain["made"].startswith("2026-11-30T")


def test_that_criteria_are_those_of_the_verdict_with_their_words(plain: dict[str, Any]) -> None:
    found = handover(made_of_names(("a", "b", "c", "d")))
    assert found.verdict is not None
    assert [each["sentence"] for each in plain["verdict"]["criteria"]] == [f.sentence() for f in found.verdict.findings]
    assert plain["verdict"]["verdict"] == found.verdict.decided == "hold"
    for each in plain["verdict"]["criteria"]:
        assert each["words"]["value"] in each["sentence"]
        assert f"{each['words']['asked']} is asked" in each["sentence"]


def test_that_classes_with_the_most_negative_flips_come_first(plain: dict[str, Any]) -> None:
    flips = [each["negative_flips"] for each in plain["per_class"]]
    assert flips == sorted(flips, reverse=True)
    assert [each["name"] for each in plain["per_class"] if each["is_new"]] == ["d"]


def test_that_the_frontier_is_thinned_and_keeps_the_version_as_trained() -> None:
    found = handover(made_of_names(("a", "b", "c", "d"), each=300))
    curve = report_record(found, NOW)["frontier"]["new"]
    assert len(curve) <= 2 * CURVE_POINTS + 2
    assert any(gamma == 0 for *_, gamma in curve)


def test_that_what_a_computer_is_called_stays_there(plain: dict[str, Any]) -> None:
    assert "name" not in plain["machine"]["report"]
