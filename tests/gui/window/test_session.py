from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from mpt_studio import paths
from mpt_studio.compare import to_text
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, FLIPS, RUNS, START
from mpt_studio.store import Store

from ..fake_worker import FakeWorker
from ..workspace.files import RIGHT, WRONG, finished_update, saved

pytestmark = pytest.mark.gui
Start = Callable[..., MainWindow]


@pytest.fixture
def start(qtbot: QtBot, store: Store) -> Start:
    def made(*opened: str, fresh: bool = False, where: Store = store) -> MainWindow:
        window = MainWindow(where, worker=FakeWorker())  # type: ignore[arg-type]
        qtbot.addWidget(window)
        window.start(list(opened), fresh=fresh)
        return window

    return made


def trio(folder: Path) -> list[str]:
    rows = {"v1": [RIGHT, RIGHT, RIGHT], "v2": [WRONG, RIGHT, RIGHT], "v3": [WRONG, WRONG, RIGHT]}
    return [str(saved(folder / name, logits, name)) for name, logits in rows.items()]


def look(window: MainWindow) -> None:
    """At the third version under an offset, filtered and ordered, with a sample selected."""
    workspace = window.workspace
    workspace.set_current(workspace.versions[2].key)
    workspace.set_offset(0.25)
    workspace.set_sort("id", False)
    workspace.set_filter(workspace.filter.without("kinds"))
    workspace.select(1)
    window.pages.show_page(FLIPS.key)


def test_that_a_restart_brings_back_what_was_open_and_looked_at(start: Start, tmp_path: Path) -> None:
    window = start(*trio(tmp_path))
    window.workspace.rename(window.workspace.versions[0].key, "deployed")
    look(window)
    window.close()
    again = start()
    workspace = again.workspace
    assert [v.label for v in workspace.versions] == ["deployed", "v2", "v3"]
    assert (workspace.current.label, workspace.offsets.of(workspace.current.key)) == ("v3", 0.25)
    assert (workspace.sort_key, workspace.sort_descending, to_text(workspace.filter)) == ("id", False, "")
    assert workspace.selected == 1
    assert again.pages.key == FLIPS.key


def test_that_what_was_open_survives_a_kill(start: Start, tmp_path: Path, qtbot: QtBot) -> None:
    window = start(*trio(tmp_path))
    look(window)
    qtbot.waitUntil(lambda: not window.session._rest.isActive())
    assert [v.label for v in start().workspace.versions] == ["v1", "v2", "v3"]  # though the first never closed


def test_that_an_update_comes_back_with_the_candidate_that_was_on_show(
    start: Start, store: Store, tmp_path: Path
) -> None:
    update = finished_update(store, tmp_path)
    window = start()
    window.workspace.opening.open_update(update.id)
    window.workspace.set_current("r1")
    window.pages.show_page(COMPARE.key)
    window.close()
    again = start()
    assert (again.workspace.update_id, again.workspace.current.key) == (update.id, "r1")
    assert again.pages.key == COMPARE.key


def test_that_what_is_gone_is_told_in_one_sentence_and_the_rest_opens(start: Start, tmp_path: Path) -> None:
    start(*trio(tmp_path)).close()
    shutil.rmtree(tmp_path / "v2")
    again = start()
    assert [v.label for v in again.workspace.versions] == ["v1", "v3"]
    assert again.pages.banner.text.text() == "What was open is not all there any more: v2; the rest is open."


def test_that_an_update_that_was_deleted_is_told(start: Start, store: Store, tmp_path: Path) -> None:
    update = finished_update(store, tmp_path)
    window = start()
    window.workspace.opening.open_update(update.id)
    window.close()
    store.delete(update.id)
    again = start()
    assert not again.workspace.versions
    assert update.id in again.pages.banner.text.text()


def test_that_a_start_can_be_empty(start: Start, tmp_path: Path) -> None:
    start(*trio(tmp_path)).close()
    assert not start(fresh=True).workspace.versions
    start(*trio(tmp_path)).close()
    window = start()
    window.actions_by_id["reopen"].trigger()
    window.close()
    again = start()
    assert not again.workspace.versions
    assert not again.actions_by_id["reopen"].isChecked()


def test_that_files_named_at_the_start_are_opened_instead(start: Start, tmp_path: Path) -> None:
    first, second, third = trio(tmp_path)
    start(first, second).close()
    assert [v.label for v in start(third).workspace.versions] == ["v3"]


def test_that_each_store_has_its_own(start: Start, tmp_path: Path) -> None:
    start(*trio(tmp_path)).close()
    assert not start(where=Store(tmp_path / "other")).workspace.versions
    assert start().workspace.versions


def test_that_the_page_comes_back_where_nothing_was_open(start: Start) -> None:
    window = start()
    assert window.pages.key == START
    window.pages.show_page(RUNS.key)
    window.close()
    assert start().pages.key == RUNS.key


def test_that_a_start_that_died_while_it_opened_does_not_die_again(start: Start, store: Store, tmp_path: Path) -> None:
    start(*trio(tmp_path)).close()
    file = paths.config_dir() / "session.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({str(store.root): {**known[str(store.root)], "returning": True}}))
    window = start()
    assert not window.workspace.versions
    assert window.pages.banner.isVisibleTo(window)
    assert not json.loads(file.read_text())[str(store.root)].get("returning", False) or window.session._rest.isActive()


@pytest.mark.parametrize("values", ["[]", '{"STORE": 7}', '{"STORE": {"page": 3, "place": {"versions": "x"}}}', "{"])
def test_that_a_damaged_session_opens_an_empty_window(start: Start, store: Store, values: str) -> None:
    paths.config_dir().mkdir(parents=True, exist_ok=True)
    (paths.config_dir() / "session.json").write_text(values.replace("STORE", str(store.root)))
    window = start()
    assert (window.pages.key, window.workspace.versions) == (START, [])


def test_that_whoever_opens_something_else_meanwhile_is_not_overridden(
    start: Start, tmp_path: Path, qtbot: QtBot
) -> None:
    start(*trio(tmp_path)).close()
    again = start()
    QTimer.singleShot(0, lambda: again.files.open_paths([saved(tmp_path / "new", [RIGHT, WRONG, RIGHT], "new")]))
    qtbot.waitUntil(lambda: len(again.workspace.versions) == 4)
    assert not again.session.returning.is_busy
