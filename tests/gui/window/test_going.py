from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.window import going
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, FLIPS, RUNS, START
from mpt_studio.store import Store

from ..fake_worker import FakeWorker
from ..workspace.files import RIGHT, WRONG, finished_update, saved

pytestmark = pytest.mark.gui


@pytest.fixture
def window(qtbot: QtBot, store: Store) -> MainWindow:
    made = MainWindow(store, worker=FakeWorker())  # type: ignore[arg-type]
    qtbot.addWidget(made)
    return made


def pair(folder: Path) -> list[Path]:
    return [saved(folder / "a", [RIGHT, RIGHT], "v1"), saved(folder / "b", [WRONG, RIGHT], "v2")]


def test_that_what_is_opened_at_once_is_shown_from_any_page(window: MainWindow, tmp_path: Path) -> None:
    for page in (START, RUNS.key, FLIPS.key):
        window.pages.show_page(page)
        window.files.open_paths(pair(tmp_path))
        assert window.pages.key == COMPARE.key


def test_that_versions_that_were_long_read_do_not_replace_what_is_looked_at_by_then(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.files.open_paths(pair(tmp_path))
    monkeypatch.setattr(going, "AT_ONCE", -1.0)  # as if reading had taken its time
    window.pages.show_page(FLIPS.key)
    window.files.open_paths([saved(tmp_path / "c", [WRONG, WRONG], "v3")])
    assert window.pages.key == FLIPS.key
    assert window.workspace.current.label == "v2"
    assert window.pages.banner.text.text() == "The versions that you opened are here."
    window.pages.banner.action.click()
    assert window.pages.key == COMPARE.key


def test_that_the_start_page_stays_while_what_is_open_changes(window: MainWindow, tmp_path: Path) -> None:
    window.files.open_paths(pair(tmp_path))
    window.pages.show_page(START)
    window.workspace.answers_changed(window.workspace.current)
    assert window.pages.key == START


def test_that_a_version_that_is_opened_again_keeps_its_place_and_the_candidate_on_show(
    window: MainWindow, tmp_path: Path
) -> None:
    window.files.open_paths([*pair(tmp_path), saved(tmp_path / "c", [WRONG, WRONG], "v3")])
    window.files.open_paths([tmp_path / "b"])
    assert [version.label for version in window.workspace.versions] == ["v1", "v2", "v3"]
    assert window.workspace.current.label == "v2"


def test_that_an_update_that_begins_takes_nobody_from_the_start_page(
    window: MainWindow, store: Store, tmp_path: Path
) -> None:
    window.queue.started.emit(finished_update(store, tmp_path).id)
    assert window.pages.key == START
