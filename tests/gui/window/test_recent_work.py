from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, RUNS, SEARCH, START
from mpt_studio.gui.window.recent_work import WorkFile, recent
from mpt_studio.gui.window.work_card import when_words
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Store

from ..fake_worker import FakeWorker
from ..workspace.files import RIGHT, WRONG, finished_update, saved

pytestmark = pytest.mark.gui


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, store: Store) -> MainWindow:
    theme.apply(qapp, "light")
    made = MainWindow(store, worker=FakeWorker())  # type: ignore[arg-type]
    made.resize(1280, 800)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.start([], fresh=True)
    return made


def names(window: MainWindow) -> list[str]:
    return [card.accessibleName() for card in window.welcome.work]


def test_that_an_empty_store_shows_the_three_choices_alone(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.recent.found):
        window.recent.refresh()
    assert names(window) == []
    assert window.welcome._title.isHidden()


def test_that_a_finished_update_is_there_with_its_outcome_and_opens(
    window: MainWindow, store: Store, tmp_path: Path, qtbot: QtBot
) -> None:
    update = finished_update(store, tmp_path, "Night run")
    window.welcome.renew()
    qtbot.waitUntil(lambda: names(window) == ["Night run"])
    (card,) = window.welcome.work
    assert card.work.outcome == "★ Margin (MPT_KL)"
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert window.workspace.update_id == update.id
    assert window.pages.key == COMPARE.key


def test_that_a_search_is_there_with_how_far_it_is_and_opens_on_its_page(
    window: MainWindow, store: Store, qtbot: QtBot
) -> None:
    search = store.create_search(SearchRecipe(update=UpdateRecipe(data="builtin")), title="Search on builtin")
    window.welcome.renew()
    qtbot.waitUntil(lambda: names(window) == ["Search on Built-in characters"])
    (card,) = window.welcome.work
    assert (card.work.kind, card.work.outcome) == ("search", "… queued: 0 of 30 trials")
    card.clicked.emit()
    assert (window.pages.key, window.pages[SEARCH].shown) == (SEARCH.key, search.id)


def test_that_an_update_that_came_to_nothing_says_so_and_leads_to_the_runs(
    window: MainWindow, store: Store, qtbot: QtBot
) -> None:
    update = store.create_update(UpdateRecipe(data="builtin"), title="Broken")
    with store.write_update(update.id) as writer:
        writer.finish("failed", "The disk is full.")
    window.welcome.renew()
    qtbot.waitUntil(lambda: names(window) == ["Broken"])
    assert window.welcome.work[0].work.outcome == "✗ failed: The disk is full."
    window.welcome.work[0].clicked.emit()
    assert window.pages.key == RUNS.key


def test_that_a_comparison_comes_back_as_it_was_looked_at(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    pair = [saved(tmp_path / "a", [RIGHT, RIGHT], "v1"), saved(tmp_path / "b", [WRONG, RIGHT], "v2")]
    window.files.open_paths(pair)
    window.workspace.set_offset(0.5)
    window.session.keep()
    window.workspace.clear()
    window.session.keep()  # what is closed is still recent
    window.pages.show_page(START)
    qtbot.waitUntil(lambda: names(window) == ["v2 against v1"])
    outcome = window.welcome.work[0].work.outcome
    assert outcome == "v2 at γ = 0.50: accuracy (all) 50.0 %, NFR (old classes) 50.0 %, 1 negative flip"
    window.welcome.work[0].clicked.emit()
    assert [version.label for version in window.workspace.versions] == ["v1", "v2"]
    assert window.workspace.offsets.of(window.workspace.current.key) == 0.5
    assert window.pages.key == COMPARE.key


def test_that_data_are_there_with_a_picture(window: MainWindow, qtbot: QtBot) -> None:
    window.files.open_data("builtin")
    window.worker.last.answer({"spec": "builtin"})
    qtbot.waitUntil(lambda: window.workspace.dataset is not None)
    window.session.keep()
    (work,) = WorkFile().entries(window.workspace.store.root)
    assert (work.kind, work.name, work.outcome) == ("data", "Built-in characters", "Data: 10,800 images of 36 classes")
    qtbot.waitUntil(work.picture.is_file)
    assert not QImage(str(work.picture)).isNull()
    window.pages.show_page(START)
    qtbot.waitUntil(lambda: names(window) == ["Built-in characters"])
    assert window.pages.key == START  # nobody is taken away from it


def test_that_the_choices_stay_where_they_are_when_work_appears(
    window: MainWindow, store: Store, tmp_path: Path, qtbot: QtBot
) -> None:
    card = window.welcome.cards["try_now"]
    before = card.mapTo(window, card.rect().topLeft()).y(), card.height()
    for number in range(6):
        finished_update(store, tmp_path / str(number))
    window.welcome.renew()
    qtbot.waitUntil(lambda: len(window.welcome.work) == 6)
    qtbot.wait(50)
    assert (card.mapTo(window, card.rect().topLeft()).y(), card.height()) == before


def test_that_only_the_updates_that_are_shown_are_read_however_many_there_are(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mpt_studio.store import store as module

    read: list[Path] = []
    for number in range(30):
        store.create_update(UpdateRecipe(data="builtin"), title=f"u{number}")
    whole = module.read_update
    monkeypatch.setattr(module, "read_update", lambda folder: read.append(folder) or whole(folder))
    assert len(recent(store, [], 6)) == 6
    assert len(read) == 6


def test_that_a_damaged_update_is_passed_over(store: Store, tmp_path: Path) -> None:
    update = store.create_update(UpdateRecipe(data="builtin"), title="sound")
    (store.root / "updates" / "29990101-000000_aaaaaa").mkdir()
    assert [work.key for work in recent(store, [], 6)] == [update.id]


def test_that_times_are_said_as_people_do() -> None:
    noon = time.mktime((2026, 11, 30, 12, 0, 0, 0, 0, -1))
    assert when_words(noon - 3600, noon) == "11:00"
    assert when_words(noon - 86_400, noon) == "yesterday"
    assert when_words(noon - 3 * 86_400, noon) == "2026-11-27"
