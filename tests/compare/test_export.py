"""The table for other programs: one row per sample, names instead of indices."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mpt_studio.compare import Comparison, write_csv
from mpt_studio.compare.export import COLUMNS
from mpt_studio.errors import UserError


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
