"""Readings in the cache: how long, and how many."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mpt_studio.jobs import readings


def test_that_readings_that_nobody_used_for_long_go(tmp_path: Path) -> None:
    for name, days in (("used", 1), ("old", 61), (".reading-killed", 61)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text("{}")
        os.utime(tmp_path / name, (time.time() - days * 86_400,) * 2)
    readings.prune(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["used"]


def filled(home: Path, name: str, size: int, hours: float) -> None:
    """A reading of so many bytes, used so many hours ago."""
    (home / name).mkdir(parents=True)
    (home / name / "weights.safetensors").write_bytes(bytes(size))
    os.utime(home / name, (time.time() - hours * 3600,) * 2)


def test_that_readings_used_longest_ago_go_where_all_of_them_take_too_much(tmp_path: Path) -> None:
    for name, hours in (("oldest", 300), ("older", 200), ("newer", 100), ("newest", 50)):
        filled(tmp_path, name, 100, hours)
    readings.prune(tmp_path, limit=1000)
    assert len(list(tmp_path.iterdir())) == 4
    readings.prune(tmp_path, limit=250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["newer", "newest"]


def test_that_readings_of_today_stay_however_large(tmp_path: Path) -> None:
    for name, hours in (("today", 5), (".reading-now", 0), ("yesterday", 30)):
        filled(tmp_path, name, 100, hours)
    readings.prune(tmp_path, limit=50)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".reading-now", "today"]
