"""Copies of the marks are kept by day, and put back in the place of damaged ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mpt_studio.flips import Mark
from mpt_studio.store import marks, marks_copies
from mpt_studio.store.marks import FILE, Marks

DATA = "f1"


def mark_on(day: str, root: Path, sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form, *_: day)
    opened = Marks(root)
    opened.set(DATA, [sample], Mark.BLOCKER)
    opened.close()


def test_that_a_copy_is_kept_of_what_was_there_before_each_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, day in enumerate(["2026-01-01", "2026-01-01", "2026-01-02"]):
        mark_on(day, tmp_path, f"s{number}", monkeypatch)
    newest, first = marks_copies.copies(tmp_path / FILE)
    assert [path.name for path in (newest, first)] == ["marks_2026-01-02.sqlite", "marks_2026-01-01.sqlite"]
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / FILE).write_bytes(newest.read_bytes())
    assert set(Marks(tmp_path / "copy").marks(DATA)) == {"s0", "s1"}


def test_that_few_copies_are_kept_also_where_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 9):
        mark_on(f"2099-01-{day:02d}", tmp_path, "s", monkeypatch)
    mark_on("2026-01-01", tmp_path, "t", monkeypatch)
    kept = [path.name for path in marks_copies.copies(tmp_path / FILE)]
    assert len(kept) == marks_copies.KEPT_DAYS
    assert kept[-1] == "marks_2026-01-01.sqlite"


def test_that_marks_are_copied_before_they_are_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark_on("2026-01-01", tmp_path, "s", monkeypatch)
    monkeypatch.setattr(marks, "FORMAT", 2)
    monkeypatch.setattr(marks, "_SCHEMA", "")
    Marks(tmp_path).close()
    assert (tmp_path / marks_copies.FOLDER / "marks_before_format_2.sqlite").is_file()


def test_that_damaged_marks_are_moved_aside_and_the_newest_whole_copy_takes_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, day in enumerate(["2026-01-01", "2026-01-02", "2026-01-03"]):
        mark_on(day, tmp_path, f"s{number}", monkeypatch)
    path = tmp_path / FILE
    assert not marks_copies.problem_of(path)
    for broken in (path, marks_copies.copies(path)[0]):
        broken.write_bytes(broken.read_bytes()[:5000])
        assert marks_copies.problem_of(broken)
    restored = marks_copies.restore(path)
    assert restored is not None
    assert restored.name == "marks_2026-01-02.sqlite"
    assert set(Marks(tmp_path).marks(DATA)) == {"s0"}
    assert (tmp_path / f"{FILE}.damaged-2026-01-03").is_file()


def test_that_a_copy_that_cannot_be_made_keeps_nobody_from_marking(tmp_path: Path) -> None:
    (tmp_path / marks_copies.FOLDER).write_text("in the way")
    opened = Marks(tmp_path)
    opened.set(DATA, ["s"], Mark.BLOCKER)
    assert set(opened.marks(DATA)) == {"s"}
