from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mpt_studio.events import Ended
from mpt_studio.gui.train.state import UpdateState
from mpt_studio.gui.train.status import GLYPHS, RunStatus
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, TRAIN
from mpt_studio.gui.window.update_news import UpdateProgress
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store

from ..fake_worker import FakeWorker
from ..train.test_state import RECIPE, stage, started, step
from ..workspace.files import RIGHT, finished_update, saved

pytestmark = pytest.mark.gui


def test_that_the_log_counts_epochs_as_the_train_page_does(qtbot: QtBot) -> None:
    progress, status, state = (
        UpdateProgress("Try it now", lambda: None, UpdateState(RECIPE)),
        RunStatus(),
        UpdateState(RECIPE),
    )
    qtbot.addWidget(status)
    told: list[str] = []
    progress.progressed.connect(lambda sentence, _: told.append(sentence))
    for run, event in (("", stage(0, "a", "old", "Old model")), ("a", started()), ("a", step(15, 1.0, 1.0))):
        progress.take([(run, event)])
        state.feed(run, event)
    status.show_state(state, active=True)
    assert told[-1] == "Old model (1 of 4), epoch 1 of 2"
    assert status._epoch_name.text() == "Epoch 1 of 2"


def test_that_the_last_step_is_still_of_the_last_epoch(qtbot: QtBot) -> None:
    progress = UpdateProgress("Try it now", lambda: None, UpdateState(RECIPE))
    with qtbot.waitSignal(progress.progressed) as heard:
        progress.take([("", stage(0, "a", "old", "Old model")), ("a", started()), ("a", step(100, 9.0, 0.0))])
    assert heard.args[0] == "Old model (1 of 4), epoch 2 of 2"


def test_that_an_epoch_that_was_stopped_midway_does_not_look_complete(qtbot: QtBot) -> None:
    status, state = RunStatus(), UpdateState(RECIPE)
    qtbot.addWidget(status)
    state.feed("", stage(0, "a", "old"))
    for event in (started(), step(15, 1.0, 1.0), Ended(outcome="stopped")):
        state.feed("a", event)
    status.show_state(state, active=False, outcome="Stopped early.")
    assert status.epoch_bar.value() == round(0.3 * status.epoch_bar.maximum())


def test_that_every_state_has_a_sign_that_common_fonts_have() -> None:
    """Media keys such as U+23F8 are in no common text font: they were drawn as an empty box."""
    assert not any(0x23CF <= ord(letter) <= 0x23FF for sign in GLYPHS.values() for letter in sign)


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, store: Store) -> Iterator[MainWindow]:
    theme.apply(qapp, "light")
    made = MainWindow(store, worker=FakeWorker())  # type: ignore[arg-type]
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()


def end(window: MainWindow, update: str, outcome: str = "done") -> None:
    window.queue.ended.emit(update, outcome, "All versions are trained and compared.", "")


def test_that_an_update_that_ends_replaces_nothing_and_is_opened_from_a_notice(
    window: MainWindow, store: Store, tmp_path: Path
) -> None:
    window.workspace.opening.open([saved(tmp_path / n, [RIGHT], n) for n in ("mine", "other")])
    update = finished_update(store, tmp_path, "Night run").id
    window.queue.started.emit(update)
    end(window, update)
    assert [v.label for v in window.workspace.versions] == ["mine", "other"]
    assert window.pages.key == COMPARE.key
    banner = window.pages.banner
    assert banner.text.text() == "Night run: All versions are trained and compared."
    window.workspace.attempted.emit()  # the user opens something else: the notice stays
    window.workspace.data_changed.emit()
    assert banner.isVisible()
    banner.action.click()
    assert window.workspace.update_id == update
    assert window.pages.key == COMPARE.key
    assert banner.isHidden()


def test_that_whoever_watches_the_curves_is_taken_nowhere_when_the_update_ends(
    window: MainWindow, store: Store, tmp_path: Path
) -> None:
    window.pages.show_page(TRAIN.key)
    update = finished_update(store, tmp_path).id
    window.queue.started.emit(update)
    end(window, update)
    assert window.pages.key == TRAIN.key
    assert window.pages.banner.action.text() == "Open"
    window.pages.banner.action.click()
    assert window.workspace.update_id == update
    assert window.pages.key == COMPARE.key


def test_that_an_update_that_was_stopped_is_offered_too(window: MainWindow, store: Store, tmp_path: Path) -> None:
    window.pages.show_page(TRAIN.key)
    update = finished_update(store, tmp_path).id
    window.queue.started.emit(update)
    end(window, update, "stopped")
    assert window.pages.banner.action.isVisible()


def test_that_pages_read_the_store_again_once_a_training_has_begun(
    window: MainWindow, store: Store, qtbot: QtBot
) -> None:
    update = store.create_update(UpdateRecipe(data="builtin"), title="Night run").id
    window.queue.started.emit(update)
    with qtbot.waitSignal(window.welcome.wanted):
        window.queue.events.emit(update, [])
    with qtbot.assertNotEmitted(window.welcome.wanted):
        window.queue.events.emit(update, [])


def test_that_a_message_about_what_was_opened_before_goes_with_the_next_attempt(
    window: MainWindow, tmp_path: Path
) -> None:
    window.workspace.message.emit("warning", "12 images of cats were left out.", "")
    assert window.pages.banner.isVisible()
    window.files.open_paths([saved(tmp_path / "mine", [RIGHT], "mine")])
    assert window.pages.banner.isHidden()
