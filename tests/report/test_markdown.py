"""Markdown that shows names and does nothing with them, and is short enough for a job's summary."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from mpt_studio.report.markdown import MOST_CHARACTERS, markdown, text

from .conftest import HOSTILE


def test_that_the_verdict_comes_first_and_every_criterion_has_a_row(plain: dict[str, Any]) -> None:
    lines = markdown(plain).splitlines()
    assert lines[0] == "## ✗ Hold: v1 a → v2 b"
    rows = [line for line in lines if "| ✅ passes |" in line or "| ❌ fails |" in line or "| ❔ too" in line]
    assert len(rows) == len(plain["verdict"]["criteria"])
    assert "| NFR (old classes) | at most 5.00 % |" in markdown(plain)


def test_that_without_a_policy_it_says_so(plain: dict[str, Any]) -> None:
    made = markdown({**plain, "verdict": None})
    assert made.startswith("## – Not judged: v1 a → v2 b\n\nNo policy was given")


@pytest.mark.parametrize("name", HOSTILE)
def test_that_a_name_keeps_its_signs_and_is_no_markup(name: str) -> None:
    made = text(name)
    assert not re.search(r"[<>|`*\[\]_@\x00-\x1f]", made)
    assert not re.search(r"#(?!\d+;)|&(?!#\d+;)|https?:|www\.", made)
    clean = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
    assert html.unescape(made).replace("\u200b", "") == clean


@pytest.mark.parametrize("name", ["- a", "1. a", "12) a", "===", "+ a", "---"])
def test_that_a_name_begins_no_list_and_no_heading(name: str) -> None:
    assert text(name).startswith("&#8203;")
    assert html.unescape(text(name)).removeprefix("\u200b") == name


def test_that_rows_of_tables_stay_whole_and_only_our_tags_are_there(hostile: dict[str, Any]) -> None:
    made = markdown(hostile)
    tables = [line for line in made.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} <= {4, 5, 6, 7}
    assert set(re.findall(r"<[^>]*>", made)) == {"<details>", "</details>", "<summary>", "</summary>"}


def test_that_a_huge_report_is_cut_short_and_says_so(plain: dict[str, Any]) -> None:
    made = markdown({**plain, "limits": ["word " * 70] * 2_000})
    assert len(made.encode()) < 1_000_000
    assert len(made) <= MOST_CHARACTERS + 20
    assert made.endswith("… cut short.\n")
