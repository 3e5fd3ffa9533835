from __future__ import annotations

import pytest

from mpt_studio.decide.judging import judge
from mpt_studio.decide.policy import Policy
from mpt_studio.decide.verdict import Finding

from .conftest import counted


def found(most: float = 0.05, least: int = 1, **classes: tuple[int, int, int, int]) -> Finding:
    finding, *_ = judge(counted(**classes), Policy(max_class_nfr=most, min_samples=least)).findings
    return finding


def test_that_the_class_that_decides_is_told_with_its_own_interval() -> None:
    finding = found(a=(990, 10, 0, 0), b=(850, 150, 0, 0), c=(3, 1, 0, 0))
    assert (finding.outcome, finding.subset, finding.n, finding.value) == ("fail", "old class b", 1000, 0.15)
    assert [(c.name, c.outcome) for c in finding.classes] == [("b", "fail"), ("c", "too little evidence")]
    assert finding.interval == finding.classes[0].interval
    assert finding.interval is not None
    assert finding.interval[0] > 0.05
    assert finding.broken_count == 151
    assert "; classes: b 15.0 % (n=1,000); undecided classes: c 25.0 % (n=4, " in finding.sentence()
    assert "corrected for 3 judged together, Holm" in finding.sentence()


def test_that_many_classes_need_more_evidence_than_one() -> None:
    # of 250 samples 5 flip: P(X ≤ 5) at 5 % is 0.012, enough alone and too little among twenty
    assert found(a=(245, 5, 0, 0), b=(0, 0, 0, 1)).outcome != "fail"
    alone = found(least=2, a=(245, 5, 0, 0), b=(0, 0, 0, 1))
    assert (alone.outcome, alone.corrected_for) == ("pass", 1)
    many = found(**{f"c{i}": (245, 5, 0, 0) for i in range(20)})
    assert (many.outcome, many.corrected_for) == ("too little evidence", 20)


def test_that_classes_with_too_few_samples_are_named_and_not_judged() -> None:
    finding = found(least=20, a=(500, 0, 0, 0), b=(10, 5, 0, 0), new_c=(0, 0, 3, 3))
    assert finding.outcome == "pass"
    assert finding.not_judged == (("b", 15),)
    assert finding.sentence().endswith("; not judged for too few samples: b (n=15).")
    nobody = found(least=1000, a=(500, 0, 0, 0), b=(10, 5, 0, 0))
    assert (nobody.outcome, nobody.value) == ("too little evidence", None)
    assert "no samples to judge by; not judged for too few samples: a (n=500), b (n=15)." in nobody.sentence()


def test_that_samples_for_every_undecided_class_settle_the_criterion() -> None:
    few = {"a": (96, 4, 0, 0), "b": (99, 1, 0, 0), "c": (400, 0, 0, 0)}
    finding = found(0.06, **few)
    assert finding.outcome == "too little evidence"
    needed = {c.name: c.further_samples or 0 for c in finding.classes}
    assert finding.further_samples == sum(needed.values())
    grown = {name: tuple(n * (1 + needed.get(name, 0) // 100) for n in row) for name, row in few.items()}
    assert found(0.06, **grown).outcome == "pass"  # type: ignore[arg-type]


def test_that_one_class_that_would_fail_settles_it() -> None:
    finding = found(0.05, a=(46, 4, 0, 0), b=(97, 3, 0, 0))
    worse = next(c for c in finding.classes if c.name == "a")
    assert finding.outcome == "too little evidence"
    assert finding.further_samples == worse.further_samples
    more = 1 + (worse.further_samples or 0) // 50
    assert found(0.05, a=(46 * more, 4 * more, 0, 0), b=(97, 3, 0, 0)).outcome == "fail"


@pytest.mark.parametrize(("most", "outcome"), [(1.0, "pass"), (0.0, "fail")])
def test_that_the_ends_of_the_range_are_judged_too(most: float, outcome: str) -> None:
    assert found(most, a=(1, 9, 0, 0), b=(9, 1, 0, 0)).outcome == outcome
