"""One of two windows on one store, as a program: its user trains an update and looks for the other's.

Words: its own name, the other's, the store, an empty folder in which the two find each other.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Generator
from pathlib import Path

from PySide6.QtWidgets import QApplication
from sitting import TINY, Condition, sit_down

from mpt_studio.gui.runs.page import RunsPage
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import RUNS, TRAIN
from mpt_studio.recipe import UpdateRecipe


def patient(window: MainWindow, *words: str) -> Generator[Condition, None, None]:
    """A window that is closed while it trains asks first, and nobody would answer: what goes wrong ends the program."""
    try:
        yield from user(window, words[0], words[1], Path(words[2]))
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def user(window: MainWindow, name: str, other: str, meeting: Path) -> Generator[Condition, None, None]:
    store, told = window.workspace.store, []
    window.workspace.message.connect(lambda level, sentence, detail: told.append(sentence))
    (meeting / name).touch()
    yield (meeting / other).exists
    window.pages[TRAIN].start_update(UpdateRecipe(data="builtin", methods="none", training=TINY), name)
    runs = window.pages[RUNS]
    assert isinstance(runs, RunsPage)
    window.pages.show_page(RUNS.key)
    yield lambda: sees_running(runs, other)
    select(runs, other)
    runs.delete()  # no question comes: a dialog would stand in the way until the time is up
    assert told[-1:] == [f"“{other}” is being trained; stop it on the Train page before you delete it."]
    yield lambda: {update.title: update.outcome for update in store.updates()} == {name: "done", other: "done"}
    yield lambda: not window.queue.is_busy  # else it asks what becomes of the training when it is closed
    runs.refresh()
    yield lambda: outcomes(runs) == {name: "done", other: "done"}


def outcomes(runs: RunsPage) -> dict[str, str]:
    return {row.cells[0]: row.outcome for row in runs.model.rows if row.kind == "update"}


def sees_running(runs: RunsPage, name: str) -> bool:
    runs.refresh()
    return outcomes(runs).get(name) in ("running", "paused")


def select(runs: RunsPage, name: str) -> None:
    runs.table.clearSelection()
    runs.table.selectRow([row.cells[0] for row in runs.model.rows].index(name))


if __name__ == "__main__":
    me, you, at, where = sys.argv[1:]
    application = QApplication(sys.argv[:1])  # the user is there before the window
    sit_down(Path(at), lambda window: patient(window, me, you, where))
