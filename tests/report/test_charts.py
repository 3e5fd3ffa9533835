from __future__ import annotations

import re
from typing import Any

from mpt_studio.report import charts


def circle(svg: str) -> float:
    return float(re.findall(r'<circle cx="([-\d.]+)"', svg)[0])


def test_that_a_value_is_left_or_right_of_its_threshold_as_it_is_less_or_more(plain: dict[str, Any]) -> None:
    for told in plain["verdict"]["criteria"]:
        svg = charts.criterion(told)
        if svg:
            bar = float(re.findall(r'<line x1="([-\d.]+)"', svg)[0])
            assert (circle(svg) > bar) == (told["value"] > told["threshold"])


def test_that_a_criterion_without_an_interval_has_no_picture(plain: dict[str, Any]) -> None:
    listed = next(each for each in plain["verdict"]["criteria"] if each["name"] == "must_not_flip")
    assert charts.criterion(listed) == ""


def test_that_the_frontier_has_both_curves_and_the_point_that_is_judged() -> None:
    curve = [[0.01 * i, 0.5 + 0.01 * i, i - 5.0] for i in range(11)]
    svg = charts.frontier({"new": curve, "plain": curve[3:]}, (0.05, 0.55))
    assert [svg.count(f'class="{name}"') for name in ("curve update", "curve plain", "dot here")] == [1, 1, 1]


def test_that_a_curve_of_one_point_is_no_picture() -> None:
    assert charts.frontier({"new": [[0.1, 0.5, 0.0]], "plain": []}, None) == ""


def test_that_offsets_that_nobody_would_choose_are_not_drawn() -> None:
    curve = [[0.0, 0.1, 9.0], [0.01, 0.9, 0.0], [0.02, 0.91, -1.0]]
    assert " 10 %" not in charts.frontier({"new": curve, "plain": []}, None)


def test_that_parts_of_the_bar_follow_the_counts() -> None:
    svg = charts.outcomes({"samples": 10, "both_right": 5, "negative_flips": 1, "positive_flips": 4, "both_wrong": 0})
    widths = dict(re.findall(r'width="([\d.]+)" height="22" class="part (\w+)"', svg.replace("\n", "")))
    assert set(widths.values()) == {"both_right", "negative_flips", "positive_flips"}


def test_that_a_reliability_plot_leaves_empty_bins_out() -> None:
    bins = [
        {"low": 0.0, "high": 0.5, "samples": 0, "confidence": None, "accuracy": None},
        {"low": 0.5, "high": 1.0, "samples": 4, "confidence": 0.8, "accuracy": 0.75},
    ]
    assert charts.reliability(bins, "update").count('class="bin"') == 1
