from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.compare import Comparison, read_metadata
from mpt_studio.decide.judging import judge
from mpt_studio.decide.policy import Policy, Slice
from mpt_studio.decide.slices import inside
from mpt_studio.errors import UserError


@pytest.fixture
def known(worked: Comparison, tmp_path: Path) -> Comparison:
    """s0 to s2 are of the camera "night view", the others of "day"; ISO 100 to 600."""
    rows = [f"s{i},{'night view' if i < 3 else 'day'},{100 * (i + 1)}" for i in range(6)]
    (tmp_path / "m.csv").write_text("\n".join(["id,camera,ISO value", *rows]))
    worked.set_metadata(read_metadata(tmp_path / "m.csv", worked))
    return worked


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("camera = day", [3, 4, 5]),
        ("camera = night view", [0, 1, 2]),
        ("ISO value = 300", [2]),
        ('camera:day "ISO value">=500', [4, 5]),
        ("truth:a,b subset:old_classes", [0, 1, 2, 3]),
        ("id:s1", [1]),
        ("camera = dusk", []),
    ],
)
def test_that_a_slice_is_a_column_with_a_value_or_a_search_text(known: Comparison, where: str, rows: list[int]) -> None:
    assert inside(known, where).nonzero()[0].tolist() == rows


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("camra = day", "The slice 'camra = day' names a column that is not there; there are camera, ISO value"),
        ("kind:negative", "goes by the versions' answers or by marks"),
        ("margin_drop>2", "goes by the versions' answers"),
        ("shirt", "goes by the versions' answers"),
        ("iso>", "cannot be read"),
        ("", "chooses nothing"),
    ],
)
def test_that_a_slice_that_cannot_be_is_told(known: Comparison, where: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        inside(known, where)


def test_that_a_slice_without_metadata_says_what_is_missing(worked: Comparison) -> None:
    with pytest.raises(UserError, match="needs metadata, and there are none; give a table with --metadata FILE"):
        inside(worked, "camera = day")


def test_that_an_empty_slice_is_too_little_evidence(known: Comparison) -> None:
    verdict = judge(known, Policy(slices=(Slice("camera = dusk", 0.1), Slice("camera = day", min_gain=-1))))
    empty, day = verdict.findings
    assert (empty.n, empty.outcome) == (0, "too little evidence")
    assert empty.sentence() == "NFR (camera = dusk, old classes): no samples to judge by."
    assert (day.n, day.outcome, day.subset) == (3, "pass", "camera = day, all")
