"""Torch stays in ``engine/`` and Qt in ``gui/``, as a fresh interpreter sees it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mpt_studio"

IMPORT_ALL = """
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = sys.argv[1].split(",")
sys.meta_path.insert(0, Absent())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def _modules(*rooms_left_out: str) -> list[str]:
    parts = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in sorted(PACKAGE.rglob("*.py"))]
    kept = [p for p in parts if p[1] not in rooms_left_out and p[1] != "resources"]
    return [".".join(p[:-1] if p[-1] == "__init__" else p) for p in kept]


def _import(modules: list[str], absent: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, absent, *modules],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stderr


def test_that_everything_but_the_window_imports_where_qt_is_not_installed() -> None:
    assert _import(_modules("gui"), absent="PySide6,shiboken6,pyqtgraph") == ""


def test_that_everything_but_the_engine_imports_without_torch() -> None:
    assert _import(_modules("engine", "gui"), absent="torch,torchvision") == ""


@pytest.mark.gui
@pytest.mark.skipif(importlib.util.find_spec("PySide6") is None, reason="Qt is not installed")
def test_that_the_windows_modules_import_without_torch() -> None:
    assert _import([name for name in _modules() if ".gui" in name], absent="torch,torchvision") == ""
