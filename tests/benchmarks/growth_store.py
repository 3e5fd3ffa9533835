"""What the start, the Runs page and ``mpt-studio runs`` cost with the number of runs, and with their events."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from day_of_events import steps
from table import Found, Row

FEW, MANY = 10, 1000
"""Events of each run."""
ROWS = (
    Row("read", "reading all records"),
    Row("command", "mpt-studio runs, whole process"),
    Row("command_many", "the same, each run with a hundred times the events"),
    Row("rows", "rows of the Runs page, made beside the window"),
    Row("rows_many", "the same, each run with a hundred times the events"),
    Row("page", "the Runs page takes and paints them, in the window"),
    Row("start", "the program until its first paint, whole process"),
    Row("start_many", "the same, each run with a hundred times the events"),
)


def versions(count: int, folder: Path) -> Found:
    """A store of runs that ended, a tenth of them in updates."""
    os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "*.debug=false;*.warning=false"}
    ids = fill(folder / "store", count)
    found = _costs(folder) | {"page": _page(folder / "store")}
    _write_more(folder / "store", ids)
    return found | {f"{name}_many": value for name, value in _costs(folder).items()}


def fill(root: Path, count: int) -> list[str]:
    """Runs as the program writes them; ids."""
    from mpt_studio.recipe import Recipe, UpdateRecipe
    from mpt_studio.store import Store

    store, ids, update = Store(root), [], ""
    for number in range(count):
        if number % 10 == 0:
            update = store.create_update(UpdateRecipe(), title=f"Update {number}").id
        with store.create_run(Recipe(data="builtin"), label=f"Run {number}", update=update) as writer:
            for event in steps(0, FEW):
                writer.append(event)
            writer.finish("done", figures={"test": {"all": {"accuracy_new": 0.9, "samples": 1000}}})
            ids.append(writer.id)
    for known in store.updates():  # else the window would train what is queued
        with store.write_update(known.id) as updating:
            updating.finish("done")
    return ids


def _write_more(root: Path, ids: list[str]) -> None:
    from mpt_studio.events import to_line

    text = "".join(to_line(event) + "\n" for event in steps(FEW, MANY))
    for run in ids:
        with (root / "runs" / run / "events.jsonl").open("a") as stream:
            stream.write(text)


def _costs(folder: Path) -> Found:
    from mpt_studio.gui.runs.rows import rows_of
    from mpt_studio.store import Store

    store, root = Store(folder / "store"), str(folder / "store")
    read, rows = (
        min(_computing(store.runs) for _ in range(3)),
        min(_computing(lambda: rows_of(store)) for _ in range(3)),
    )
    start = [str(Path(__file__).with_name("first_paint.py")), repr(time.monotonic()), root]
    return {
        "read": read,
        "rows": rows,
        "command": _process(["-m", "mpt_studio", "runs", "--store", root], folder),
        "start": _process(start, folder),
    }


def _page(root: Path) -> float:
    from PySide6.QtWidgets import QApplication

    from mpt_studio.gui.runs.page import RunsPage
    from mpt_studio.gui.runs.rows import rows_of
    from mpt_studio.gui.workspace.workspace import Workspace
    from mpt_studio.store import Store

    app = QApplication(sys.argv[:1])
    store = Store(root)
    page = RunsPage(Workspace(store))
    page.resize(1280, 900)
    page.refresh = lambda: None  # type: ignore[method-assign]
    page.show()
    app.processEvents()
    found = rows_of(store)
    return _computing(lambda: (page._loaded((found, [])), page.grab()))


def _process(words: list[str], folder: Path) -> float:
    """Computing of a process with compiled modules, as an installed program has them; the first run compiles."""
    place = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    found = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env={**kept, **place})
        after = os.times()
        found.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return 1000 * min(found[1:])


def _computing(work: object) -> float:
    assert callable(work)
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)
