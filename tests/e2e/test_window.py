"""The whole program through its real entry, as a user drives it, on a real screen."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mpt_studio import jobs, recipe
from mpt_studio.events import Step
from mpt_studio.flips import FlipKind
from mpt_studio.gui.window.docks import INSPECTOR
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import FLIPS, TRAIN
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store

from .sitting import TINY, Condition, sit_down

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display"),
]


@pytest.fixture
def small_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    """*Try it now* with fewer images and epochs; everything else is the real preset."""
    real = recipe.preset

    def small(key: str) -> recipe.Preset:
        found = real(key)
        return dataclasses.replace(
            found, recipe=dataclasses.replace(found.recipe, methods="none,mpt_kl", training=TINY)
        )

    monkeypatch.setattr(recipe, "preset", small)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of a small update; its checkpoints are what users have lying around."""
    session = jobs.Session(Store(tmp_path_factory.mktemp("trained")))
    update = jobs.start_update(session.store, UpdateRecipe(data="builtin", methods="none", training=TINY))
    result = jobs.run_update(session, update.id)
    assert result is not None
    return result


@pytest.mark.usefixtures("small_preset")
def test_that_one_click_on_try_it_now_ends_with_a_flip_in_the_inspector(tmp_path: Path, qapp: QApplication) -> None:
    def user(window: MainWindow) -> Generator[Condition, None, None]:
        window.actions_by_id["try_now"].trigger()
        yield lambda: any(isinstance(event, Step) for event in first_run_events(tmp_path))
        assert window.pages.key == "train"
        yield lambda: not window.queue.is_busy and window.pages.banner.action.isVisible()
        assert window.pages.key == TRAIN.key  # nobody was taken from the curves
        window.pages.banner.action.click()
        window.pages.show_page(FLIPS.key)
        yield lambda: window.workspace.comparison() is not None and len(window.workspace.rows) > 0
        comparison = window.workspace.comparison()
        kinds = comparison.kinds[window.workspace.rows]
        assert set(kinds.tolist()) == {FlipKind.NEGATIVE}
        drops = comparison.margin_drop[window.workspace.rows]
        assert (drops[:-1] >= drops[1:]).all()
        QTest.keyClick(window.pages[FLIPS].grid, Qt.Key.Key_Home)
        yield lambda: window.workspace.selected is not None
        yield lambda: str(comparison.sample_ids[window.workspace.selected]) in visible_text(window.docks[INSPECTOR])

    sit_down(tmp_path, user)
    (update,) = Store(tmp_path).updates()
    assert update.outcome == "done"
    assert [row["method"] for row in update.result["candidates"]] == ["No_Treatment", "MPT_KL"]


def first_run_events(store: Path) -> list[Any]:
    return [event for run in Store(store).runs() for event in run.events()]


def visible_text(widget: Any) -> str:
    from PySide6.QtWidgets import QLabel, QLineEdit

    return " ".join(part.text() for kind in (QLabel, QLineEdit) for part in widget.findChildren(kind))


def drop(window: MainWindow, *files: str) -> None:
    """What a file manager sends when files are let go over the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(file) for file in files])
    where, keys, button = QPointF(200, 200), Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, data, button, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(where, Qt.DropAction.CopyAction, data, button, keys))


def test_that_two_dropped_checkpoints_are_evaluated_and_compared(
    tmp_path: Path, trained: dict[str, Any], qapp: QApplication
) -> None:
    candidate = trained["candidates"][0]

    def user(window: MainWindow) -> Generator[Condition, None, None]:
        window.workspace.loading.open("builtin")
        yield lambda: window.workspace.dataset is not None
        drop(window, trained["old"]["checkpoint"], candidate["checkpoint"])
        yield lambda: window.workspace.comparison() is not None
        assert window.workspace.comparison().rates("old_classes").to_json() == candidate["old_classes"]

    sit_down(tmp_path, user)


def test_that_a_killed_trainer_is_resumed_from_the_runs_page(
    tmp_path: Path, trained: dict[str, Any], qapp: QApplication
) -> None:
    store = Store(tmp_path)
    longer = dataclasses.replace(TINY, epochs=18)  # busy machines look late
    recipe = UpdateRecipe(data="builtin", old=trained["old"]["checkpoint"], methods="none", training=longer)
    update = jobs.start_update(store, recipe, "To be killed")

    def user(window: MainWindow) -> Generator[Condition, None, None]:
        window.pages[TRAIN].resume(update.id)
        yield lambda: any(isinstance(event, Step) for event in first_run_events(tmp_path))
        yield lambda: any(run.resume_states for run in store.runs())
        os.kill(window.queue._thread.pid, signal.SIGKILL)
        yield lambda: not window.queue.is_busy
        assert store.update(update.id).outcome == "interrupted"
        window.pages.show_page("runs")
        window.commands.resume(update.id)
        yield lambda: store.update(update.id).outcome == "done" and not window.queue.is_busy  # else closing asks
        yield lambda: window.workspace.comparison() is not None

    sit_down(tmp_path, user)
    assert {run.outcome for run in store.runs()} == {"done"}
