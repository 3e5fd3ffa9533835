from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView, QLineEdit
from pytestqt.qtbot import QtBot

from mpt_studio.gui.runs.page import RunsPage
from mpt_studio.gui.runs.recipes_dialog import RecipesDialog
from mpt_studio.gui.runs.rows import HEADERS, NAME, NOTE, TAGS, Row, named, rows_of
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.store import Member, Store
from mpt_studio.store.said import Said, say

from .test_rows import filled, searched

pytestmark = pytest.mark.gui
__all__ = ["filled", "searched"]


@pytest.fixture
def page(qtbot: QtBot, filled: Store) -> RunsPage:
    made = RunsPage(Workspace(filled))
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    qtbot.waitUntil(lambda: made.model.rowCount() == 4)
    return made


def choose(page: RunsPage, *names: str) -> None:
    page.table.clearSelection()
    page.table.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
    for number, row in enumerate(page.model.rows):
        if row.cells[0] in names:
            page.table.selectRow(number)


def test_that_the_table_is_filled_beside_the_window(page: RunsPage) -> None:
    assert page.summary.text() == "1 update · 3 runs"
    assert not any(button.isEnabled() for button in page.buttons.values())


def test_that_what_changes_while_the_store_is_read_is_read_as_well(
    page: RunsPage, qtbot: QtBot, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go_on = threading.Event(), threading.Event()

    def slow(store: Store) -> list[Row]:
        found = rows_of(store)
        read.set()
        go_on.wait(5)
        return found

    monkeypatch.setattr("mpt_studio.gui.runs.page.rows_of", slow)
    page.refresh()
    assert read.wait(5)
    filled.create_update(UpdateRecipe(), title="late")
    page.renew()
    go_on.set()
    qtbot.waitUntil(lambda: "late" in [row.cells[0] for row in page.model.rows])


def test_that_no_header_and_no_outcome_is_cut_off(page: RunsPage) -> None:
    header = page.table.horizontalHeader()
    bold = page.table.font()
    bold.setBold(True)
    for column in range(page.model.columnCount()):
        assert page.table.columnWidth(column) >= header.sectionSizeHint(column)
    assert page.table.columnWidth(1) > QFontMetrics(bold).horizontalAdvance("▲  interrupted")


def test_that_an_empty_store_says_how_to_begin(qtbot: QtBot, empty_workspace: Workspace) -> None:
    page = RunsPage(empty_workspace)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(page._empty.isVisible)
    assert "Try it now" in page._empty.text()


def test_that_overlay_takes_an_update_s_runs(page: RunsPage, qtbot: QtBot) -> None:
    choose(page, "Spring release")
    with qtbot.waitSignal(page.workspace.show_curves) as heard:
        page.overlay()
    runs = [row.id for row in page.model.rows if row.is_member]
    assert sorted(heard.args[0]) == sorted(runs)


def test_that_a_recipe_is_duplicated(page: RunsPage, qtbot: QtBot) -> None:
    choose(page, "Spring release")
    with qtbot.waitSignal(page.workspace.show_recipe) as heard:
        page.buttons["duplicate"].click()
    assert heard.args[0] == UpdateRecipe(methods="none,mpt_kl")


def test_that_a_single_run_s_recipe_becomes_an_update_s(page: RunsPage, qtbot: QtBot) -> None:
    choose(page, "Margin (MPT_KL)")
    with qtbot.waitSignal(page.workspace.show_recipe) as heard:
        page.buttons["duplicate"].click()
    assert heard.args[0].methods == "none,mpt_kl"  # it is a member: its update's recipe
    choose(page, "alone")
    with qtbot.waitSignal(page.workspace.show_recipe) as heard:
        page.buttons["duplicate"].click()
    assert (heard.args[0].data, heard.args[0].methods) == ("elsewhere", "No_Treatment")


def test_that_deleting_asks_and_takes_the_runs_along(
    page: RunsPage, filled: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(RunsPage, "_confirms", lambda self, doomed: asked.append(len(doomed)) or len(asked) > 1)
    choose(page, "Spring release")
    page.delete()
    assert len(filled.updates()) == 1
    page.delete()
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    assert asked == [3, 3]
    assert filled.updates() == []
    assert [run.label for run in filled.runs()] == ["alone"]


def test_that_a_run_that_began_while_it_was_asked_about_is_not_deleted_but_told(
    page: RunsPage, filled: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunsPage, "_confirms", lambda self, doomed: True)
    monkeypatch.setattr(RunsPage, "_tells_running", lambda self, doomed: False)
    choose(page, "alone")
    with filled.write_run(page.selected()[0].id), qtbot.waitSignal(page.workspace.message) as heard:
        page.delete()
    assert "stop it first" in heard.args[1]
    assert any(run.label == "alone" for run in filled.runs())


def test_that_what_is_being_trained_is_named_before_anything_is_asked(
    page: RunsPage, filled: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunsPage, "_confirms", lambda self, doomed: pytest.fail("asked"))
    choose(page, "Spring release")
    with filled.write_update(page.selected()[0].id), qtbot.waitSignal(page.workspace.message) as heard:
        page.delete()
    assert heard.args[1] == "“Spring release” is being trained; stop it on the Train page before you delete it."
    assert len(filled.updates()) == 1


def test_that_what_is_deleted_is_named(page: RunsPage) -> None:
    rows = {row.cells[0]: row for row in page.model.rows}
    update = [row for row in page.model.rows if row.job == rows["Spring release"].id]
    assert named(update) == "“Spring release” and its 2 runs"
    assert named([rows["alone"]]) == "“alone”"
    assert named(page.model.rows) == "1 update and 3 runs"


def test_that_a_running_update_opens_where_its_curves_grow(page: RunsPage, filled: Store, qtbot: QtBot) -> None:
    choose(page, "Spring release")
    update = page.selected()[0].id
    with filled.write_update(update):
        page.refresh()
        qtbot.waitUntil(lambda: "running" in [row.outcome for row in page.model.rows])
        choose(page, "Spring release")
        with qtbot.waitSignal(page.workspace.resume) as heard, qtbot.assertNotEmitted(page.workspace.show_compare):
            page.open()
    assert heard.args == [update]


def test_that_resume_is_offered_only_where_something_is_left_to_do(page: RunsPage, filled: Store, qtbot: QtBot) -> None:
    update = next(row.id for row in page.model.rows if row.cells[0] == "Spring release")
    runs = {run.label: run.id for run in filled.runs()}
    with filled.create_run(Recipe(data="builtin", role="reference"), label="No_Treatment", update=update) as writer:
        writer.finish("stopped")
    planned = (("old", "Old model", runs["Old model"]), ("reference", "No_Treatment", writer.run.id))

    def stopped_after(*members: tuple[str, str, str]) -> None:
        with filled.write_update(update) as writing:
            for role, label, run in members:
                writing.add_member(Member(run=run, role=role, method="m", label=label))
            writing.finish("stopped", f"After {len(members)}.")
        page.refresh()
        qtbot.waitUntil(lambda: f"After {len(members)}." in [row.message for row in page.model.rows])
        choose(page, "Spring release")

    stopped_after(*planned)
    assert page.buttons["resume"].isEnabled()
    stopped_after(*planned, ("candidate", "MPT_KL", runs["MPT_KL"]))
    assert not page.buttons["resume"].isEnabled()
    assert "All of its versions are there." in page.buttons["resume"].toolTip()


def test_that_a_run_without_weights_is_told_when_opened(page: RunsPage, qtbot: QtBot) -> None:
    choose(page, "alone")
    with qtbot.waitSignal(page.workspace.message) as heard, qtbot.assertNotEmitted(page.workspace.show_compare):
        page.open()
    assert "no weights" in heard.args[1]


def test_that_the_search_narrows_the_table(page: RunsPage) -> None:
    page.search.setText("alone")
    assert [row.cells[0] for row in page.model.rows] == ["alone"]


def test_that_a_run_trained_alone_is_resumed_on_the_command_line(page: RunsPage) -> None:
    choose(page, "alone")
    assert not page.buttons["resume"].isEnabled()
    assert f"mpt-studio resume {page.selected()[0].id} --store" in page.buttons["resume"].toolTip()


def test_that_when_and_how_long_come_before_the_recipe(page: RunsPage) -> None:
    assert HEADERS[:6] == ("Name", "Outcome", "Accuracy (own classes)", "NFR (old classes)", "Started", "Took")


def at(page: RunsPage, name: str) -> int:
    return next(number for number, row in enumerate(page.model.rows) if row.cells[0] == name)


def test_that_names_tags_and_notes_are_written_in_place_and_kept(page: RunsPage, qtbot: QtBot, filled: Store) -> None:
    update = filled.updates()[0]
    row = at(page, update.title)
    for column, text in ((NAME, "Night run"), (TAGS, "night, lamps"), (NOTE, "Better on lamps.")):
        page.model.setData(page.model.index(row, column), text)
    qtbot.waitUntil(lambda: page.model.rows[row].cells[NOTE] == "Better on lamps.")
    assert page.model.rows[row].cells[NAME] == "Night run"
    assert filled.update(update.id).said == Said("Night run", ("night", "lamps"), "Better on lamps.")


def test_that_a_name_is_edited_by_keyboard(page: RunsPage, qtbot: QtBot, filled: Store) -> None:
    title = filled.updates()[0].title
    choose(page, title)
    page.edit(NAME)
    editor = page.table.findChild(QLineEdit)
    assert editor.text() == title
    editor.setText("By hand")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "By hand" in [row.cells[0] for row in page.model.rows])


def test_that_the_search_asks_for_tags(page: RunsPage, qtbot: QtBot, filled: Store) -> None:
    assert page.tags.isHidden()
    run = filled.runs()[0]
    say(run.folder, tags="cam 2, night")
    page.refresh()
    qtbot.waitUntil(page.tags.isVisible)
    page.tags.ask_for("cam 2")
    assert page.search.text() == "tag:'cam 2'"
    assert run.id in [row.id for row in page.model.rows]
    assert len(page.model.rows) < 4
    page.tags.ask_for("night")
    assert page.search.text() == "tag:'cam 2' tag:night"
    page.tags.ask_for("cam 2")
    page.search.setText("tag:nig")
    assert page.model.rows == []


def test_that_columns_are_chosen_at_the_header_and_remembered(page: RunsPage, qtbot: QtBot, filled: Store) -> None:
    texts = [action.text() for action in page.columns.menu().actions()]
    assert texts[:3] == ["Name", "Outcome", "Tags"]
    next(action for action in page.columns.menu().actions() if action.text() == "Seed").setChecked(False)
    page.table.setColumnWidth(NAME, 222)
    page.columns.keep()
    again = RunsPage(page.workspace)
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: again.model.rowCount() == 4)
    assert again.table.isColumnHidden(HEADERS.index("Seed"))
    assert again.table.columnWidth(NAME) == 222


def test_that_two_recipes_are_compared_where_two_are_selected(page: RunsPage, qtbot: QtBot, filled: Store) -> None:
    update = filled.updates()[0]
    training = dataclasses.replace(update.recipe.training, seed=7)
    filled.create_update(dataclasses.replace(update.recipe, training=training), title="other seed")
    page.refresh()
    qtbot.waitUntil(lambda: page.model.rowCount() == 5)
    choose(page, update.title)
    assert not page.buttons["differ"].isEnabled()
    choose(page, "other seed", update.title)
    page.buttons["differ"].click()
    dialog = page.findChild(RecipesDialog)
    cells = [dialog.table.item(0, column).text() for column in range(3)]
    assert (dialog.table.rowCount(), cells) == (1, ["Seed", "7", str(update.recipe.training.seed)])
    dialog.reject()


@pytest.fixture
def of_search(qtbot: QtBot, searched: Store) -> RunsPage:
    made = RunsPage(Workspace(searched))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.model.rowCount() == 1)
    return made


def test_that_a_searchs_many_trials_are_there_when_they_are_asked_for(of_search: RunsPage) -> None:
    assert of_search.summary.text() == "1 search · 1 run"
    of_search.trials.setChecked(True)
    assert [row.kind for row in of_search.model.rows] == ["search", "run"]


def test_that_columns_grow_with_what_comes_until_somebody_chooses(of_search: RunsPage, qtbot: QtBot) -> None:
    header, name = of_search.table.horizontalHeader(), of_search.model.rows[0].cells[NAME]
    narrow = header.sectionSize(NAME)
    say(Path(of_search.model.rows[0].folder), name=f"{name}, camera at the gate")
    of_search.refresh()
    qtbot.waitUntil(lambda: header.sectionSize(NAME) > narrow)
    header.resizeSection(NAME, 60)
    say(Path(of_search.model.rows[0].folder), name=f"{name} again, and longer than before")
    of_search.refresh()
    qtbot.waitUntil(lambda: "again" in of_search.model.rows[0].cells[NAME])
    assert header.sectionSize(NAME) == 60


def test_that_a_search_and_its_trials_open_on_the_search_page(of_search: RunsPage, qtbot: QtBot) -> None:
    of_search.trials.setChecked(True)
    search, trial = of_search.model.rows
    for row in (search, trial):
        choose(of_search, row.cells[NAME])
        with qtbot.waitSignal(of_search.workspace.show_search) as asked:
            of_search.open()
        assert asked.args == [search.id, row.id]


def test_that_a_searchs_recipe_becomes_an_updates(of_search: RunsPage, qtbot: QtBot) -> None:
    of_search.table.selectRow(0)
    with qtbot.waitSignal(of_search.workspace.show_recipe) as shown:
        of_search.duplicate()
    assert shown.args == [UpdateRecipe(data="builtin")]


def test_that_deleting_a_search_takes_its_trials_along(of_search: RunsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    doomed: list[Row] = []
    monkeypatch.setattr(of_search, "_confirms", lambda rows: not doomed.extend(rows))
    of_search.table.selectRow(0)
    of_search.delete()
    assert [row.kind for row in doomed] == ["search", "run"]
    store = of_search.workspace.store
    assert (store.searches(), store.runs()) == ([], [])
