"""What a start does not bring in: a person waits for every import between the command and its first answer."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mpt_studio"
HEAVY = {
    "torch",
    "torchvision",
    "numpy",
    "PIL",
    "pydantic",
    "pyqtgraph",
    "pyarrow",
    "sqlite3",
    "filelock",
    "rich.console",
}
LAZY = ("compare", "data", "jobs", "predictions", "report", "store")

COMMAND = """
import atexit, sys
from mpt_studio.__main__ import main
atexit.register(lambda: print("imported", *sys.modules, file=sys.stderr))
sys.exit(main(sys.argv[1:]))
"""

WINDOW = """
import sys
from mpt_studio.__main__ import main
from mpt_studio.gui import app

def go_on(window, store, opened, fresh):
    print("imported", *sys.modules, file=sys.stderr)
    window.close()

app._start = go_on
sys.exit(main(["gui", *sys.argv[1:]]))
"""


def imported(program: str, *words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("imported ")[2].split())


def rooms(modules: set[str]) -> set[str]:
    """The rooms of the program of which more than the sentence in front was imported."""
    return {name.split(".")[1] for name in modules if name.startswith("mpt_studio.") and name.count(".") > 1}


def test_that_help_brings_in_nothing_heavy() -> None:
    found = imported(COMMAND, "--help")
    assert not HEAVY & found
    assert not {"engine", "jobs", "data", "gui"} & rooms(found)


def test_that_the_list_of_an_empty_store_brings_in_nothing_heavy(tmp_path: Path) -> None:
    found = imported(COMMAND, "runs", "--store", str(tmp_path))
    assert not (HEAVY | {"typeguard", "asyncio"}) & found


def test_that_the_list_of_runs_brings_in_only_what_reads_recipes(tmp_path: Path) -> None:
    from mpt_studio.recipe import UpdateRecipe
    from mpt_studio.store import Store

    Store(tmp_path).create_update(UpdateRecipe())
    assert HEAVY & imported(COMMAND, "runs", "--store", str(tmp_path)) == {"pydantic"}


@pytest.mark.gui
@pytest.mark.skipif(importlib.util.find_spec("PySide6") is None, reason="Qt is not installed")
@pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display")
def test_that_the_first_paint_brings_in_the_frame_alone(tmp_path: Path) -> None:
    found = imported(WINDOW, "--store", str(tmp_path))
    assert not HEAVY & found
    assert rooms(found) == {"gui"}
    inside = {name.split(".")[2] for name in found if name.startswith("mpt_studio.gui.") and name.count(".") > 2}
    assert inside == {"beside", "widgets", "window"}


@pytest.mark.parametrize("room", LAZY)
def test_that_a_room_offers_what_it_tells_the_type_checker(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    (told,) = (node.body for node in tree.body if isinstance(node, ast.If))
    package = importlib.import_module(f"mpt_studio.{room}")
    for line in told:
        assert isinstance(line, ast.ImportFrom)
        home = importlib.import_module(str(line.module))
        for alias in line.names:
            assert getattr(package, alias.name) is getattr(home, alias.name)


def test_that_a_room_refuses_a_name_that_it_does_not_have() -> None:
    from mpt_studio import store

    with pytest.raises(AttributeError, match=r"'mpt_studio\.store' has no attribute 'Shop'"):
        store.Shop  # noqa: B018
