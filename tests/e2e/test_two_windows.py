"""Two windows that start for the first time at once, on one empty store, and train an update each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mpt_studio.store import Store

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display"),
]


def begun(name: str, other: str, home: Path) -> subprocess.Popen[bytes]:
    """With folders that are as empty as the store: the cache and the settings are made by both at once."""
    places = {f"MPT_STUDIO_{each}": str(home / each.lower()) for each in ("CONFIG", "CACHE", "LOGS")}
    command = [sys.executable, str(Path(__file__).with_name("one_of_two.py")), name, other]
    with (home / f"{name}.txt").open("wb") as output:
        return subprocess.Popen(
            [*command, str(home / "store"), str(home / "meeting")],
            env={**os.environ, **places},
            stdout=output,
            stderr=output,
        )


def test_that_nothing_is_lost_and_what_the_other_window_trains_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "meeting").mkdir()
    windows = {name: begun(name, other, tmp_path) for name, other in (("left", "right"), ("right", "left"))}
    try:
        for name, window in windows.items():
            assert window.wait(500) == 0, (tmp_path / f"{name}.txt").read_text()
    finally:
        for window in windows.values():
            window.kill()
    store = Store(tmp_path / "store")
    assert {update.title: update.outcome for update in store.updates()} == {"left": "done", "right": "done"}
    assert all(update.result for update in store.updates())
    assert sorted(run.recipe.role for run in store.runs()) == ["old", "old", "reference", "reference"]
    assert {run.outcome for run in store.runs()} == {"done"}
    assert not store.problems
    left = [path.name for path in store.root.rglob("*") if path.name.startswith(".new-") or path.suffix == ".tmp"]
    assert left == []
