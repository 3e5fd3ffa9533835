"""The verdict as JUnit XML: a case per criterion, and per id that must not flip."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from mpt_studio.errors import one_sentence

_LONGEST = 2000


def junit(record: dict[str, Any]) -> str:
    """Of a ``report_record``. What does not pass is a failure; an id that is not among the images is skipped."""
    suites = ElementTree.Element("testsuites", name="mpt-studio")
    verdict = record["verdict"]
    _suite(suites, "policy", [_criterion(each) for each in verdict["criteria"]] if verdict else [])
    for each in record["must_not_flip"]:
        _suite(suites, f"must_not_flip.{each['name']}", [_listed(each["name"], one) for one in each["ids"]])
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _suite(suites: ElementTree.Element, name: str, cases: list[ElementTree.Element]) -> None:
    failed, skipped = (str(sum(case.find(tag) is not None for case in cases)) for tag in ("failure", "skipped"))
    numbers = {"tests": str(len(cases)), "failures": failed, "errors": "0", "skipped": skipped}
    ElementTree.SubElement(suites, "testsuite", {"name": _text(name), **numbers}).extend(cases)


def _case(group: str, name: str) -> ElementTree.Element:
    return ElementTree.Element("testcase", classname=_text(group), name=_text(name), time="0")


def _criterion(told: dict[str, Any]) -> ElementTree.Element:
    case = _case("policy", f"{told['key']}: {told['title']}")
    if told["makes"] != "ship":
        failure = ElementTree.SubElement(case, "failure", type=told["makes"], message=_text(told["sentence"]))
        failure.text = "\n".join(map(_text, told["samples"]))
    else:
        ElementTree.SubElement(case, "system-out").text = _text(told["sentence"])
    return case


def _listed(name: str, told: dict[str, Any]) -> ElementTree.Element:
    case = _case(f"must_not_flip.{name}", told["id"])
    if told["outcome"] == "fail":
        ElementTree.SubElement(case, "failure", type="negative flip", message=_text(told["what"]))
    elif told["outcome"] == "unknown":
        ElementTree.SubElement(case, "skipped", message="It is not among the images.")
    return case


def _text(words: str) -> str:
    """XML knows no control characters, and no half of a pair."""
    return one_sentence(words, _LONGEST)
