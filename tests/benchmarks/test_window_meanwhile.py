"""The script measures the real window: few events and short spans, no times asserted. The window is on no screen."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("PySide6")

HERE = Path(__file__).parent
SHORT = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import window_meanwhile
window_meanwhile.SECONDS, window_meanwhile.STARTS = 0.5, 1
print(json.dumps(window_meanwhile.alone(pathlib.Path(sys.argv[2]))))
"""


@pytest.fixture
def window_meanwhile(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with its neighbours."""
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("window_meanwhile")


def printed(*words: object, folder: Path) -> dict[str, Any]:
    """What a process of its own measures; a program has one window at a time."""
    homes = {name: str(folder / name) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    environment = {**os.environ, **homes, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, *map(str, words)], stdout=subprocess.PIPE, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_that_a_run_is_opened_and_as_many_events_are_followed(window_meanwhile: ModuleType, tmp_path: Path) -> None:
    window_meanwhile.prepare(600, tmp_path)
    found = printed(window_meanwhile.__file__, "--in", tmp_path, "--samples", 600, folder=tmp_path)
    assert set(found) == {row.name for row in window_meanwhile.ROWS}
    assert all(value > 0 for name, value in found.items() if name != "memory_mb")


@pytest.mark.slow
def test_that_the_start_and_a_window_beside_a_trainer_are_measured(
    window_meanwhile: ModuleType, tmp_path: Path
) -> None:
    found = printed("-c", SHORT, HERE, tmp_path, folder=tmp_path)
    assert set(found) == {row.name for row in window_meanwhile.ALONE_ROWS}
    assert found["first_paint"] > found["idle_99th"] >= 10
    assert found["training_rate"] > 0
