from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from mpt_studio import paths
from mpt_studio.events import Ended, Note, Stage, Started, Step
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.versions.opening_cards import OpeningCard
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import listed
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.gui.window.actions import ROWS
from mpt_studio.gui.window.docks import INSPECTOR, LOG, VERSIONS, inside
from mpt_studio.gui.window.files import Files
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, FLIPS, START, TRAIN
from mpt_studio.gui.window.shortcut_sheet import ShortcutSheet
from mpt_studio.recipe import UpdateRecipe, preset
from mpt_studio.store import Store

from ..workspace.files import RIGHT, WRONG, checkpoint, saved
from .test_log import said

pytestmark = pytest.mark.gui


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, store: Store) -> Iterator[MainWindow]:
    theme.apply(qapp, "light")
    made = MainWindow(store)
    made.resize(1280, 800)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    theme.set_scheme("light")


def drop(window: MainWindow, *dropped: Path) -> None:
    """What a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in dropped])
    where = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(10, 10), *where)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(10, 10), *where))


def answer(text: str) -> None:
    """Press a button of the next message box."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(button for button in box.buttons() if text in button.text()).click()

    QTimer.singleShot(50, press)


def test_that_a_store_that_is_a_file_is_told_and_what_was_named_opens_all_the_same(
    window: MainWindow, store: Store, tmp_path: Path, qtbot: QtBot
) -> None:
    told: list[str] = []
    window.workspace.message.connect(lambda level, sentence, detail: told.append(f"{level}: {sentence}"))
    store.root.write_text("mine")
    pair = saved(tmp_path / "a", [RIGHT, RIGHT], "v1"), saved(tmp_path / "b", [WRONG, RIGHT], "v2")
    window.start([str(path) for path in pair])
    qtbot.waitUntil(lambda: window.pages.key == "compare")
    assert f"error: The store {store.root} is not a folder; choose another --store." in told


def test_that_an_empty_window_offers_three_choices(window: MainWindow) -> None:
    assert window.pages.key == START
    assert [card.accessibleName() for card in window.welcome.cards.values()] == [
        "Try it now",
        "Update my model…",
        "Compare two versions…",
    ]


def test_that_two_dropped_predictions_are_compared(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    drop(window, saved(tmp_path / "a", [RIGHT, RIGHT], "v1"), saved(tmp_path / "b", [WRONG, RIGHT], "v2"))
    qtbot.waitUntil(lambda: window.pages.key == "compare")
    assert window.workspace.comparison().rates("all").negative_flips == 1
    assert [card.version.label for card in window.docks[VERSIONS].cards] == ["v1", "v2"]
    assert window.settings.recent[0] == str((tmp_path / "a").resolve())


def test_that_checkpoints_without_data_come_with_a_button_that_opens_data(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(Files, "choose_data", lambda self: asked.append(True))
    drop(window, checkpoint(tmp_path / "a.safetensors"), checkpoint(tmp_path / "b.safetensors"))
    qtbot.waitUntil(window.pages.banner.action.isVisible)
    window.pages.banner.action.click()
    assert asked == [True]
    assert window.pages.banner.isHidden()


def test_that_a_refused_file_is_told_once_where_the_versions_panel_tells_it(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    drop(window, tmp_path / "notes.txt")
    qtbot.waitUntil(lambda: bool(window.docks[VERSIONS].findChildren(OpeningCard)))
    (card,) = window.docks[VERSIONS].findChildren(OpeningCard)
    assert "notes.txt" in card.accessibleName()
    assert "notes.txt" in said(window.docks[LOG])[-1]
    assert window.pages.banner.isHidden()


def test_that_a_refused_file_is_told_once_in_the_dark_too(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.commands.set_scheme("dark")
    qtbot.waitUntil(theme.is_dark)
    for name in ("notes.txt", "more.txt"):
        (tmp_path / name).write_text("hello")
        drop(window, tmp_path / name)
        qtbot.waitUntil(lambda name=name: name in " ".join(said(window.docks[LOG])))
        assert window.pages.banner.isHidden()


def test_that_a_refused_file_is_told_across_the_page_where_the_panel_is_behind_a_tab(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window.tabifyDockWidget(window.docks.by_key["versions"], window.docks.by_key["data"])
    window.docks.by_key["data"].raise_()
    (tmp_path / "notes.txt").write_text("hello")
    qtbot.wait(100)
    drop(window, tmp_path / "notes.txt")
    qtbot.waitUntil(window.pages.banner.isVisible)


def test_that_a_refused_file_is_told_across_the_page_where_the_panel_is_not_on_screen(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    window.docks.by_key["versions"].hide()
    drop(window, tmp_path / "notes.txt")
    qtbot.waitUntil(window.pages.banner.isVisible)
    assert "notes.txt" in window.pages.banner.text.text()
    assert "notes.txt" in said(window.docks[LOG])[-1]


def test_that_a_refusal_below_many_versions_is_scrolled_into_sight(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    drop(window, *[saved(tmp_path / name, [RIGHT, WRONG], name) for name in "abcdefgh"])
    qtbot.waitUntil(lambda: len(window.docks[VERSIONS].cards) == 8)
    (tmp_path / "notes.txt").write_text("hello")
    drop(window, tmp_path / "notes.txt")

    def is_seen() -> bool:
        return any(not card.sentence.visibleRegion().isEmpty() for card in window.findChildren(OpeningCard))

    qtbot.waitUntil(is_seen)
    assert window.pages.banner.isHidden()


def test_that_every_action_is_in_a_menu_and_has_a_handler(window: MainWindow) -> None:
    in_menus: set[str] = set()
    for menu in window.menuBar().actions():
        in_menus |= {action.objectName() for action in menu.menu().actions()}
    assert {row.id for row in ROWS} <= in_menus


def test_that_no_shortcut_has_two_meanings(window: MainWindow) -> None:
    keys = [key.toString() for action in window.findChildren(QAction) for key in action.shortcuts()]
    assert len(keys) == len(set(keys))


def test_that_no_letter_of_a_menu_has_two_meanings(window: MainWindow) -> None:
    for menu in window.menuBar().actions():
        texts = [action.text() for action in menu.menu().actions() if "&" in action.text()]
        letters = [text[text.index("&") + 1].lower() for text in texts]
        assert len(letters) == len(set(letters)), texts


@pytest.mark.parametrize("key", ["train", "compare", "flips", "runs"])
def test_that_every_page_opens_and_its_button_shows_it(window: MainWindow, key: str) -> None:
    window.actions_by_id[f"page_{key}"].trigger()
    assert window.pages.key == key
    assert [name for name, button in window.pages.buttons.items() if button.isChecked()] == [key]


def test_that_pages_turn_by_keyboard(window: MainWindow) -> None:
    window.pages.step(1)
    assert window.pages.key == "train"
    window.pages.step(-1)
    assert window.pages.key == "runs"


def test_that_the_inspector_is_there_where_samples_are_selected(window: MainWindow) -> None:
    inspector = window.docks.by_key["inspector"]
    window.pages.show_page("flips")
    assert inspector.isVisible()
    window.pages.show_page("train")
    assert not inspector.isVisible()
    window.pages.show_page("flips")
    inspector.toggleViewAction().trigger()
    window.pages.show_page("compare")
    assert not inspector.isVisible()
    window.docks.reset()
    assert inspector.isVisible()


def test_that_closed_panels_come_back_with_reset(window: MainWindow) -> None:
    for key, dock in window.docks.by_key.items():
        dock.setFloating(key == "data")
        dock.close()
    window.docks.reset()
    window.pages.show_page("flips")
    state = {key: (dock.isVisible(), dock.isFloating()) for key, dock in window.docks.by_key.items()}
    assert state == dict.fromkeys(state, (True, False))


def test_that_the_layout_is_remembered(window: MainWindow, store: Store, qtbot: QtBot) -> None:
    window.resize(720, 520)  # below any test display
    qtbot.wait(200)  # the window manager has its say
    window.docks.by_key["log"].close()
    window.close()
    again = MainWindow(store)
    qtbot.addWidget(again)
    assert again.docks.by_key["log"].isHidden()
    assert not again.docks.by_key["data"].isHidden()
    assert again.size() == window.size()


@pytest.mark.parametrize("state", ["{", '{"geometry": "AAAA", "layout": "////"}', '{"page": 7, "geometry": null}'])
def test_that_a_damaged_layout_never_stops_the_start(store: Store, qtbot: QtBot, state: str) -> None:
    paths.config_dir().mkdir(parents=True)
    (paths.config_dir() / "window.json").write_text(state)
    made = MainWindow(store)
    qtbot.addWidget(made)
    made.show()
    assert made.docks.by_key["versions"].isVisible()


def test_that_the_chosen_colours_are_remembered(window: MainWindow) -> None:
    window.commands.set_scheme("dark")
    assert theme.is_dark()
    assert Settings().scheme == "dark"
    assert json.loads((paths.config_dir() / "settings.json").read_text())["scheme"] == "dark"


def test_that_full_screen_goes_back(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["full_screen"].trigger()
    assert window.isFullScreen()
    window.actions_by_id["full_screen"].trigger()
    assert not window.isFullScreen()


def test_that_visible_controls_have_names(window: MainWindow) -> None:
    """Buttons have a text, or an accessible name."""
    from PySide6.QtWidgets import QAbstractButton

    for key in ("train", "compare", "flips", "runs"):
        window.pages.show_page(key)
        nameless = [
            f"{type(b).__name__} in {type(b.parent()).__name__}"
            for b in window.findChildren(QAbstractButton)
            if b.isVisible() and not (b.text() or b.accessibleName() or b.objectName().startswith("qt_"))
        ]
        assert not nameless


def test_that_try_it_now_asks_nothing_and_starts_the_preset(
    window: MainWindow, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(window.queue, "add", asked.append)
    window.welcome.chosen.emit("try_now")
    update = store.updates()[0]
    assert asked == [update.id]
    assert update.title == "Try it now"
    assert update.recipe == preset("try-it-now").recipe
    assert window.pages.key == "train"


def test_that_a_running_update_shows_in_the_log_with_its_progress(window: MainWindow, store: Store) -> None:
    update = store.create_update(UpdateRecipe(methods="none,mpt_kl,pct_kl"), title="mine")
    window.queue.started.emit(update.id)
    row = window.docks[LOG].rows[0]
    first = Stage(run="q", role="old", method="No_Treatment", label="Old model", index=0, count=4)
    stage = Stage(run="r", role="reference", method="No_Treatment", label="No_Treatment", index=1, count=4)
    begun = Started(device="cpu", epochs=2, steps=10, train_samples=1, validation_samples=1, parameters=1)
    step = Step(step=5, epoch=1.0, losses={}, learning_rate=0.1, images_per_second=1, eta_seconds=1)
    twice = [("r", Note(text="No GPU was found.")), ("r", Note(text="No GPU was found."))]
    window.queue.events.emit(update.id, [("", first), ("q", begun), ("q", Ended(outcome="done")), ("", stage), *twice])
    window.queue.events.emit(update.id, [("r", begun), ("r", step)])
    assert row.bar.value() == 375  # one of four versions, and half of the next
    assert said(window.docks[LOG]).count("No GPU was found.") == 1
    window.queue.ended.emit(update.id, "failed", "The disk is full.", "trace")
    assert row not in window.docks[LOG].rows
    assert "mine: The disk is full." in said(window.docks[LOG])


def test_that_closing_during_training_asks_and_staying_keeps_the_window(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunQueue, "is_busy", property(lambda self: True))
        answer("Stay")
        assert not window.close()
    assert window.isVisible()


@pytest.mark.parametrize(("button", "keeps"), [("Keep training", True), ("Stop and keep", False)])
def test_that_closing_during_training_does_what_was_answered(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, button: str, keeps: bool
) -> None:
    closed: list[bool] = []
    with monkeypatch.context() as patch:
        patch.setattr(RunQueue, "is_busy", property(lambda self: True))
        patch.setattr(RunQueue, "close", lambda self, keep_training: closed.append(keep_training))
        answer(button)
        assert window.close()
    assert closed == [keeps]


def test_that_the_recent_list_opens_again(window: MainWindow, tmp_path: Path) -> None:
    window.files.open_paths([saved(tmp_path / "a", [RIGHT], "v1")])
    window.workspace.clear()
    window.files.recent_actions[0].trigger()
    assert [version.label for version in window.workspace.versions] == ["v1"]


def test_that_the_shortcut_sheet_lists_every_shortcut(window: MainWindow, qtbot: QtBot) -> None:
    from mpt_studio.gui.window.shortcut_sheet import all_sections

    listed = {keys for _title, section in all_sections(window) for keys, _meaning in section}
    assert {row.shortcut.replace("  ", " or ") for row in ROWS if row.shortcut} <= listed


def test_that_candidates_are_stepped_through_and_swapped(window: MainWindow, tmp_path: Path) -> None:
    for name, rows in (("a", [RIGHT]), ("b", [WRONG]), ("c", [RIGHT])):
        window.files.open_paths([saved(tmp_path / name, rows, name)])
    assert window.workspace.current.label == "b"
    window.actions_by_id["next_candidate"].trigger()
    assert window.workspace.current.label == "c"
    window.actions_by_id["swap"].trigger()
    assert (window.workspace.old.label, window.workspace.current.label) == ("c", "a")


def test_that_the_comparison_is_exported(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    from PySide6.QtWidgets import QFileDialog

    from mpt_studio.gui.window.exports import ExportDialog

    monkeypatch.setattr(ExportDialog, "exec", lambda self: True)

    out = tmp_path / "flips.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(out), ""))
    assert not window.actions_by_id["export_csv"].isEnabled()
    window.files.open_paths([saved(tmp_path / "a", [RIGHT], "v1"), saved(tmp_path / "b", [WRONG], "v2")])
    window.actions_by_id["export_csv"].trigger()
    qtbot.waitUntil(out.exists)
    assert "negative" in out.read_text()


def test_that_the_default_layout_fits_small_and_large_windows(window: MainWindow, qtbot: QtBot) -> None:
    for width, height in ((1280, 800), (1900, 1000)):
        window.resize(width, height)
        window.docks.reset()
        window.pages.show_page("train")
        qtbot.waitUntil(lambda width=width: window.pages.width() > 0.6 * width)
        assert window.docks[LOG].is_folded
        parts: list[QWidget] = [window.pages, *(d for d in window.docks.by_key.values() if d.isVisible())]
        assert all(window.rect().contains(part.geometry()) for part in parts)


def test_that_the_pages_get_most_of_a_small_window(window: MainWindow, qtbot: QtBot) -> None:
    window.docks.reset()
    window.pages.show_page("flips")
    qtbot.waitUntil(lambda: 216 <= window.docks[VERSIONS].width() <= 244)
    assert 270 <= window.docks[INSPECTOR].width() <= 292


def test_that_the_log_folds_out_and_in(window: MainWindow, qtbot: QtBot) -> None:
    log, strip = window.docks[LOG], window.docks.strip
    assert log.is_folded
    strip.fold.click()
    qtbot.waitUntil(lambda: log.height() > 100)
    assert log.list.isVisible()
    strip.line.clicked.emit()
    qtbot.waitUntil(lambda: log.is_folded)
    assert not log.list.isVisible()


def test_that_files_over_the_window_are_welcomed_until_they_leave(window: MainWindow, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.npz"))])
    buttons = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(10, 10), Qt.DropAction.CopyAction, data, *buttons))
    assert window.drop_hint.isVisible()
    assert window.drop_hint.size() == window.size()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert window.drop_hint.isHidden()


def test_that_pages_say_what_waits_for_data_and_offer_to_open_it(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("mpt_studio.gui.window.files.DataDialog.exec", lambda self: asked.append(True))
    window.files.open_paths([checkpoint(tmp_path / "a.safetensors"), checkpoint(tmp_path / "b.safetensors")])
    for row, page in ((COMPARE, window.pages[COMPARE].nothing), (FLIPS, window.pages[FLIPS].empty)):
        window.pages.show_page(row.key)
        assert "wait for data" in page.text()
        assert page.button.isVisible()
    window.pages[COMPARE].nothing.button.click()
    assert asked == [True]


def test_that_escape_leads_from_the_images_back_to_the_comparison(window: MainWindow, qtbot: QtBot) -> None:
    window.pages.show_page("flips")
    qtbot.keyClick(window.pages[FLIPS], Qt.Key.Key_Escape)
    assert window.pages.key == "compare"


def test_that_tab_goes_from_the_recipe_to_the_tools_to_the_plots(window: MainWindow) -> None:
    window.pages.show_page("train")
    order: list[QWidget] = []
    at: QWidget = window.pages[TRAIN].start
    while len(order) < 400 and at not in order:
        order.append(at)
        at = at.nextInFocusChain()
    curves = window.pages[TRAIN].curves
    stops = [
        window.pages[TRAIN].start,
        window.pages[TRAIN].recipe_button,
        curves.axis,
        curves.log,
        curves.plots["loss"].menu_button,
    ]
    assert sorted(stops, key=order.index) == stops


def test_that_a_candidate_whose_old_model_has_no_answers_says_what_it_waits_for(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    drop(window, checkpoint(tmp_path / "a.safetensors"), saved(tmp_path / "b", [RIGHT], "b"))
    qtbot.waitUntil(lambda: len(window.docks[VERSIONS].cards) == 2)
    card = window.docks[VERSIONS].cards[1]
    assert any(text.text() == "waits for the old model" for text in card.findChildren(QLabel))


@pytest.mark.parametrize(
    ("names", "text"),
    [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcd", "a, b and 2 others")],
)
def test_that_names_are_listed_as_people_do(names: str, text: str) -> None:
    assert listed(list(names)) == text


def test_that_the_keyboard_comes_to_the_page_before_the_panels(window: MainWindow) -> None:
    at: QWidget = window.nextInFocusChain()
    while not (at.isVisible() and at.focusPolicy() & Qt.FocusPolicy.TabFocus):
        at = at.nextInFocusChain()
    assert window.pages.isAncestorOf(at)


def test_that_the_shortcut_sheet_fits_a_small_screen(window: MainWindow, qtbot: QtBot) -> None:
    sheet = ShortcutSheet(window)
    qtbot.addWidget(sheet)
    with qtbot.waitExposed(sheet):
        sheet.show()
    assert sheet.width() <= 1280
    assert sheet.height() <= 770  # and the frame that the system puts around it


@pytest.mark.parametrize("size", [(1100, 700), (1280, 800), (2560, 1400)])
def test_that_a_page_has_the_room_it_needs_beside_the_panels(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, size: tuple[int, int]
) -> None:
    drop(window, saved(tmp_path / "a", [RIGHT, RIGHT], "v1"), saved(tmp_path / "b", [WRONG, RIGHT], "v2"))
    qtbot.waitUntil(lambda: window.pages.key == "compare")
    window.resize(2000, 1200)
    qtbot.wait(50)
    window.resize(*size)
    for page in (COMPARE, FLIPS):
        window.pages.show_page(page.key)
        qtbot.waitUntil(window.docks.by_key["inspector"].isVisible)
        assert window.width() == size[0]
        shown = window.pages.page
        assert shown.minimumSizeHint().width() <= shown.width()
        assert window.docks.by_key["inspector"].geometry().right() <= window.width()


def test_that_a_floating_panel_comes_back_inside_the_screen(window: MainWindow, qtbot: QtBot) -> None:
    dock = window.docks.by_key["data"]
    dock.setFloating(True)
    dock.setGeometry(-4000, 9000, 300, 400)
    window.docks.bring_back()
    assert window.screen().availableGeometry().contains(dock.geometry())
    dock.setFloating(False)


@pytest.mark.parametrize(
    ("place", "there"),
    [
        (QRect(10, 10, 100, 100), QRect(10, 10, 100, 100)),
        (QRect(-50, 950, 100, 100), QRect(0, 900, 100, 100)),
        (QRect(500, 500, 5000, 100), QRect(0, 500, 1000, 100)),
    ],
)
def test_that_a_place_is_moved_into_an_area_as_little_as_needed(place: QRect, there: QRect) -> None:
    assert inside(place, QRect(0, 0, 1000, 1000)) == there
