"""Figures as text: every one of a comparison, and those of the table of candidates."""

from __future__ import annotations

from mpt_studio.flips import Rates
from mpt_studio.report import accuracy_report, comparison_report, update_report

RATES = Rates(both_right=552, negative_flips=19, positive_flips=1500, both_wrong=89, answers_changed=70, intrusions=14)


def lines_of_a_comparison() -> list[str]:
    return comparison_report(dict.fromkeys(("all", "old_classes", "new_classes"), RATES.to_json())).splitlines()


def test_that_the_numbers_of_a_column_end_below_each_other() -> None:
    counts = [line for line in lines_of_a_comparison() if line.startswith(("both", "negative", "positive"))]
    ends = {line.index(number) + len(number) for line, number in zip(counts, ("552", "19", "1500", "89"), strict=True)}
    assert len(ends) == 1


def test_that_the_old_model_is_first_told_on_its_own_classes() -> None:
    own = RATES.to_json() | {"accuracy_old": 0.94, "accuracy_old_ci95": (0.93, 0.95), "samples": 400}
    every = RATES.to_json() | {"accuracy_old": 0.261}
    text = comparison_report({"all": every, "old_classes": own, "new_classes": every})
    assert text.startswith("Old model: accuracy 94.0 % [93.0–95.0] on its own classes (n=400).")
    alone = {
        "all": {"samples": 5, "accuracy": 0.2, "accuracy_ci95": (0, 1)},
        "own_classes": {"samples": 1, "accuracy": 1.0, "accuracy_ci95": (0, 1)},
    }
    assert accuracy_report("Test part", alone).index("100.0 %") < accuracy_report("Test part", alone).index("20.0 %")


def test_that_a_small_probability_is_not_called_nothing() -> None:
    (line,) = (line for line in lines_of_a_comparison() if line.startswith("McNemar"))
    assert line.split("  ")[-1].strip() == "< 0.001"


def test_that_every_figure_is_told_and_shares_have_their_interval() -> None:
    names = [line.partition("  ")[0] for line in lines_of_a_comparison()[4:]]
    assert names == [
        "both right", "negative flips", "positive flips", "both wrong", "accuracy, old model", "accuracy, update",
        "NFR", "PFR", "NFI", "PFI", "BTC", "BEC", "churn", "new-class intrusion", "relative NFR", "McNemar p",
    ]  # fmt: skip
    assert "0.9 % [0.6–1.4]" in next(line for line in lines_of_a_comparison() if line.startswith("NFR"))


def test_that_candidates_stand_in_a_table_with_the_subset_of_every_figure() -> None:
    figures = dict.fromkeys(("all", "old_classes", "new_classes"), RATES.to_json())
    result = {
        "data": {"spec": "builtin", "old_classes": ["a"], "new_classes": ["b"], "skipped": []},
        "old": {"own_classes": {"accuracy": 0.5, "samples": 4}},
        "candidates": [{"run": "1", "label": "MPT_KL", **figures}],
        "recommended": {"run": "1", "reason": "It flips least."},
    }
    lines = update_report(result).splitlines()
    assert lines[2].split() == [
        "accuracy", "accuracy", "accuracy", "NFR", "[95", "%]", "NFR", "[95", "%]", "PFR", "relative", "NFR",
    ]  # fmt: skip
    assert lines[3].count("n=2160") == 7
    assert lines[4].startswith("*  Margin (MPT_KL)")
    assert lines[4].count("[0.6–1.4]") == 2
    assert lines[-1] == "Recommended: It flips least."
