"""The table for other programs: one row per sample, names instead of indices."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.compare import Cancelled, Comparison, read_metadata, write_csv
from mpt_studio.compare.files.samples_table import write_parquet
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark

COLUMNS = (
    "sample_id", "true_class", "old_answer", "new_answer", "kind", "true_class_is_new", "new_answer_is_new_class",
    "old_confidence", "new_confidence", "old_margin", "new_margin", "margin_drop", "confidence_lost", "cause", "mark",
)  # fmt: skip


def test_that_every_sample_has_a_row_with_names_and_figures(worked: Comparison, tmp_path: Path) -> None:
    write_csv(worked, tmp_path / "flips.csv")
    with (tmp_path / "flips.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert [row["sample_id"] for row in rows] == [f"s{i}" for i in range(6)]
    stolen = rows[1]
    assert (stolen["true_class"], stolen["old_answer"], stolen["new_answer"]) == ("a", "a", "c")
    assert (stolen["kind"], stolen["new_answer_is_new_class"], stolen["true_class_is_new"]) == ("negative", "1", "0")
    assert (stolen["old_margin"], stolen["new_margin"], stolen["margin_drop"]) == ("1", "-2", "3")
    assert float(stolen["new_confidence"]) == pytest.approx(float(worked.new_confidence[1]), rel=1e-6)
    assert [row["cause"] for row in rows] == ["", "stolen by a new class", "old-old confusion", "", "", ""]
    assert rows[4]["margin_drop"] == ""  # the old model does not know c


def test_that_a_table_that_cannot_be_written_is_one_sentence(worked: Comparison, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="could not be written"):
        write_csv(worked, tmp_path / "folder")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_that_a_selection_is_written_in_its_order_with_marks_and_metadata(worked: Comparison, tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_text("id,camera,iso\ns1,front,100\ns2,,\n")
    worked.set_metadata(read_metadata(tmp_path / "meta.csv", worked))
    worked.set_marks({"s2": Mark.BLOCKER})
    write_csv(worked, tmp_path / "some.csv", np.array([2, 1]))
    with (tmp_path / "some.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["sample_id"], r["mark"], r["camera"], r["iso"]) for r in rows] == [
        ("s2", "blocker", "", ""), ("s1", "", "front", "100"),
    ]  # fmt: skip


def test_that_parquet_holds_the_same_columns(worked: Comparison, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(worked, tmp_path / "flips.parquet", np.array([4, 1]))
    table = parquet.read_table(tmp_path / "flips.parquet").to_pydict()
    assert tuple(table) == COLUMNS
    assert table["sample_id"] == ["s4", "s1"]
    assert table["margin_drop"] == [None, 3.0]
    assert table["true_class_is_new"] == [True, False]


def test_that_parquet_without_pyarrow_is_a_sentence(
    worked: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match="pip install pyarrow"):
        write_parquet(worked, tmp_path / "flips.parquet")


def test_that_an_export_can_be_cancelled_and_leaves_the_older_file(worked: Comparison, tmp_path: Path) -> None:
    (tmp_path / "flips.csv").write_text("before")
    with pytest.raises(Cancelled):
        write_csv(worked, tmp_path / "flips.csv", stop=lambda: True)
    assert (tmp_path / "flips.csv").read_text() == "before"


def test_that_it_tells_how_far_it_is(worked: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.compare.files.samples_table._CHUNK", 4)
    told: list[tuple[str, float | None]] = []
    write_csv(worked, tmp_path / "flips.csv", progress=lambda *how_far: told.append(how_far))
    assert told == [("Writing sample 1 of 6", 0.0), ("Writing sample 5 of 6", 4 / 6)]


def test_that_a_spreadsheet_finds_no_formula_and_numbers_stay_numbers(worked: Comparison, tmp_path: Path) -> None:
    worked.names = ("=cmd|' /C calc'!A0", "@b", "-c")
    write_csv(worked, tmp_path / "out.csv")
    rows = list(csv.DictReader((tmp_path / "out.csv").open(newline="")))
    assert {row["true_class"] for row in rows} == {"'=cmd|' /C calc'!A0", "'@b", "'-c"}
    drops = [float(row["margin_drop"]) for row in rows if row["margin_drop"]]
    assert min(drops) < 0
