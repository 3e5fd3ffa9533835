"""JUnit XML: a case per criterion and per id that must not flip, readable whatever names there are."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from mpt_studio.report.junit import junit


@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_that_each_criterion_and_each_listed_id_is_a_case(which: str, request: pytest.FixtureRequest) -> None:
    record = request.getfixturevalue(which)
    suites = ElementTree.fromstring(junit(record).encode())
    policy, listed = suites.findall("testsuite")
    assert len(policy) == len(record["verdict"]["criteria"]) == int(policy.get("tests", ""))
    assert len(listed) == 9 == int(listed.get("tests", ""))
    assert [case.find("skipped") is not None for case in listed] == [False] * 8 + [True]
    broken = sum(each["outcome"] == "fail" for each in record["must_not_flip"][0]["ids"])
    assert len(listed.findall("testcase/failure")) == int(listed.get("failures", "")) == broken > 0


def test_that_a_failure_says_what_the_verdict_says(plain: dict[str, Any]) -> None:
    suites = ElementTree.fromstring(junit(plain).encode())
    told = {each["title"]: each for each in plain["verdict"]["criteria"]}
    for case in suites[0]:
        each = told[case.get("name", "").partition(": ")[2]]
        failure = case.find("failure")
        assert (failure is not None) == (each["makes"] != "ship")
        if failure is not None:
            assert (failure.get("type"), failure.get("message")) == (each["makes"], each["sentence"])


def test_that_apostrophes_stay_apostrophes(plain: dict[str, Any]) -> None:
    assert "Worst class's NFR" in junit(plain)


def test_that_without_a_policy_there_is_an_empty_suite(plain: dict[str, Any]) -> None:
    suites = ElementTree.fromstring(junit({**plain, "verdict": None, "must_not_flip": []}).encode())
    assert [suite.get("tests") for suite in suites] == ["0"]
