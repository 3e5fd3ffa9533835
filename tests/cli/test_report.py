from __future__ import annotations

from mpt_studio.flips import Rates
from mpt_studio.report import comparison_report

RATES = Rates(both_right=552, negative_flips=19, positive_flips=1500, both_wrong=89, answers_changed=70, intrusions=14)


def lines_of_a_comparison() -> list[str]:
    return comparison_report(dict.fromkeys(("all", "old_classes", "new_classes"), RATES.to_json())).splitlines()


def test_that_the_numbers_of_a_column_end_below_each_other() -> None:
    counts = [line for line in lines_of_a_comparison() if line.startswith(("both", "negative", "positive"))]
    ends = {line.index(number) + len(number) for line, number in zip(counts, ("552", "19", "1500", "89"), strict=True)}
    assert len(ends) == 1


def test_that_a_small_probability_is_not_called_nothing() -> None:
    (line,) = (line for line in lines_of_a_comparison() if line.startswith("McNemar"))
    assert line.split("  ")[-1].strip() == "< 0.001"
