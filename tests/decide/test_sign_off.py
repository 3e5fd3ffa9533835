from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mpt_studio.compare import Comparison, at_offset
from mpt_studio.decide import IdSet, Policy, digest_of, judge, sign, sign_offs
from mpt_studio.decide.sign_off import FOLDER
from mpt_studio.errors import Damaged, UserError
from mpt_studio.flips import Mark

ASKED = Policy(max_nfr=0.9)


def digest(comparison: Comparison, policy: Policy = ASKED) -> str:
    return digest_of(comparison, policy, judge(comparison, policy))


def test_that_people_sign_one_after_the_other(worked: Comparison, tmp_path: Path) -> None:
    assert sign_offs(tmp_path, worked) == []
    assert not list(tmp_path.iterdir())  # looking makes nothing
    for name, comment in (("Ada", "fine"), (" Bob ", "")):
        sign(tmp_path, worked, ASKED, judge(worked, ASKED), name, comment)
    first, second = sign_offs(tmp_path, worked)
    assert (first.name, first.comment, first.verdict, second.name) == ("Ada", "fine", "ship", "Bob")
    assert first.sentence(digest(worked)) == f"Signed off by Ada on {first.date[:10]}, ship: fine"
    assert first.to_json(digest(worked))["is_current"] is True
    assert "T" in first.date
    assert first.date[-6] in "+-"


def test_that_a_sign_off_is_of_one_verdict_exactly(worked: Comparison, tmp_path: Path) -> None:
    signed = sign(tmp_path, worked, ASKED, judge(worked, ASKED), "Ada")
    other = Policy(max_nfr=0.9, must_not_flip=(IdSet("list", ("s0",)),))
    current = {digest(worked, other), digest(at_offset(worked, 1.0)), digest(worked, Policy(max_nfr=0.8))}
    assert len(current | {signed.digest}) == 4
    assert all("an earlier verdict: something has changed" in signed.sentence(each) for each in current)
    assert sign_offs(tmp_path, at_offset(worked, 1.0)) == [signed]  # of the same two versions
    renamed = dataclasses.replace(worked.new, version="called otherwise")
    assert digest(Comparison(worked.old, renamed, worked.rows, worked.matching, worked.columns)) == signed.digest
    worked.set_marks({"s0": Mark.BLOCKER})
    assert digest(worked) == signed.digest  # which is not judged by


def test_that_a_sign_off_needs_a_name(worked: Comparison, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a name"):
        sign(tmp_path, worked, ASKED, judge(worked, ASKED), "  ")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "sign_offs": [{"name": 3}]}'])
def test_that_a_damaged_file_is_told_and_never_written_over(worked: Comparison, tmp_path: Path, text: str) -> None:
    sign(tmp_path, worked, ASKED, judge(worked, ASKED), "Ada")
    (path,) = (tmp_path / FOLDER).glob("*.json")
    path.write_text(text)
    with pytest.raises(Damaged, match="is damaged"):
        sign_offs(tmp_path, worked)
    with pytest.raises(Damaged):
        sign(tmp_path, worked, ASKED, judge(worked, ASKED), "Bob")
    assert path.read_text() == text


def test_that_a_newer_program_s_file_is_left_alone(worked: Comparison, tmp_path: Path) -> None:
    sign(tmp_path, worked, ASKED, judge(worked, ASKED), "Ada")
    (path,) = (tmp_path / FOLDER).glob("*.json")
    path.write_text(json.dumps({"format": 2, "sign_offs": []}))
    with pytest.raises(UserError, match="newer MPT Studio"):
        sign_offs(tmp_path, worked)
