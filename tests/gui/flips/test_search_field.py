from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter, Samples
from mpt_studio.flips import FlipKind
from mpt_studio.gui.flips.search_field import KeptFilters, SearchField
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def field(qtbot: QtBot, workspace: Workspace) -> SearchField:
    made = SearchField(workspace)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def typed(qtbot: QtBot, field: SearchField, text: str) -> None:
    field.edit.clear()
    qtbot.keyClicks(field.edit, text)
    field.completer.popup().hide()
    qtbot.keyClick(field.edit, Qt.Key.Key_Return)


def test_that_it_shows_the_filter_that_is_set_elsewhere(field: SearchField, workspace: Workspace) -> None:
    assert field.edit.text() == "kind:negative"
    workspace.set_filter(Filter(truths=("dog & <b>pup</b>",)))
    assert field.edit.text() == 'truth:"dog & <b>pup</b>"'


def test_that_enter_filters(qtbot: QtBot, field: SearchField, workspace: Workspace) -> None:
    typed(qtbot, field, "new:fox margin_drop>2")
    assert workspace.filter.answers == ("fox",)
    assert set(workspace.rows) == {1, 5, 6}


def test_that_typing_filters_once_it_rests(qtbot: QtBot, field: SearchField, workspace: Workspace) -> None:
    field.edit.clear()
    with qtbot.waitSignal(workspace.filter_changed):
        qtbot.keyClicks(field.edit, "truth:cat")
    assert workspace.filter == Filter(truths=("cat",))
    assert field.edit.text() == "truth:cat"


def test_that_samples_from_a_chart_stay(qtbot: QtBot, field: SearchField, workspace: Workspace) -> None:
    chosen = Samples(np.array([1, 2]), "a chart")
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,), samples=chosen))
    typed(qtbot, field, "new:fox")
    assert workspace.filter.samples is chosen
    assert list(workspace.rows) == [1]


def test_that_a_mistake_is_told_with_its_place_and_selected(qtbot: QtBot, field: SearchField) -> None:
    typed(qtbot, field, "kind:negative truth:cow")
    assert field.problem.text() == "There is no class 'cow' (at character 21)."
    assert field.problem.isVisible()
    assert field.edit.selectedText() == "cow"


def test_that_escape_returns_to_the_filter_in_use(qtbot: QtBot, field: SearchField) -> None:
    typed(qtbot, field, "truth:cow")
    qtbot.keyClick(field.edit, Qt.Key.Key_Escape)
    assert field.edit.text() == "kind:negative"
    assert not field.problem.isVisible()


def test_that_a_completion_replaces_the_word_at_the_cursor(
    qtbot: QtBot, field: SearchField, workspace: Workspace
) -> None:
    field.edit.clear()
    qtbot.keyClicks(field.edit, "new:f")
    model = field.completer.model()
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["fox    new answer"]
    popup = field.completer.popup()
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert field.edit.text() == "new:fox"
    field.apply()
    assert workspace.filter == Filter(answers=("fox",))


def test_that_a_named_filter_is_kept_and_used_again(
    field: SearchField, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.set_filter(Filter(answers=("fox",)))
    monkeypatch.setattr("mpt_studio.gui.flips.search_field.QInputDialog.getText", lambda *_: ("to & fox", True))
    field.kept.ask()
    workspace.set_filter(Filter())
    field.kept.kept = KeptFilters()  # as after a restart
    field.kept.fill()
    action = next(a for a in field.kept.menu_of_kept.actions() if a.text() == "to && fox")
    action.trigger()
    assert workspace.filter == Filter(answers=("fox",))


def test_that_a_kept_filter_of_other_classes_says_so(field: SearchField, workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.message) as told:
        field.kept.use("truth:cow")
    assert told.args[1].startswith("The kept filter does not fit here: There is no class 'cow'")
