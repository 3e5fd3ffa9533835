from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.workspace import browsing as row_finder
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen
from .test_chips import buttons

pytestmark = pytest.mark.gui
PLAIN_NEGATIVE = [1, 2, 5, 6]


def shown(page: FlipsPage) -> list[int]:
    return [int(row) for row in page.grid.flips.rows]


def key_of(page: FlipsPage, field: str, name: str) -> object:
    return next(row.key for row in page.facets.lists[field].model.rows if name in row.name)


def counts(page: FlipsPage, field: str) -> dict[str, str]:
    return {row.name: row.text for row in page.facets.lists[field].model.rows}


def test_that_it_opens_on_negative_flips_by_margin_drop(page: FlipsPage, workspace: Workspace) -> None:
    comparison = workspace.comparison()
    assert comparison is not None
    assert sorted(shown(page)) == PLAIN_NEGATIVE
    assert (np.diff(comparison.margin_drop[shown(page)]) <= 0).all()
    assert page.result.text() == "4 of 10 images · plain"
    assert [b.text() for b in buttons(page.chips)] == ["negative flip  ×"]


def test_that_facets_count_with_the_other_filters_applied(page: FlipsPage) -> None:
    assert counts(page, "truths") == {"cat": "2", "dog & <b>pup</b>": "2"}
    assert counts(page, "answers") == {"fox": "3", "dog & <b>pup</b>": "1"}
    kinds = counts(page, "kinds")
    assert [next(n for name, n in kinds.items() if kind in name) for kind in ("Neg", "Pos", "wrong", "right")] == [
        "4", "2", "2", "2",
    ]  # fmt: skip


def test_that_a_facet_filters_and_its_chip_takes_it_back(page: FlipsPage, qtbot: QtBot) -> None:
    page.facets.lists["answers"].chosen.emit(key_of(page, "answers", "fox"))
    assert sorted(shown(page)) == [1, 5, 6]
    page.facets.lists["truths"].chosen.emit("cat")
    assert shown(page) == [1]
    qtbot.mouseClick(buttons(page.chips)[1], Qt.MouseButton.LeftButton)
    assert sorted(shown(page)) == [1, 5, 6]


def test_that_kinds_are_alternatives(page: FlipsPage) -> None:
    page.facets.lists["kinds"].chosen.emit(FlipKind.POSITIVE)
    assert sorted(shown(page)) == [1, 2, 3, 5, 6, 8]
    page.facets.lists["kinds"].chosen.emit(FlipKind.NEGATIVE)
    assert sorted(shown(page)) == [3, 8]


def test_that_clear_all_shows_everything(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,), truths=("cat",)))
    qtbot.mouseClick(buttons(page.chips)[-1], Qt.MouseButton.LeftButton)
    assert len(shown(page)) == 10


def test_that_the_sort_combo_orders_and_the_arrow_reverses(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    index = page.tools.sort.findText("Sample id")
    page.tools.sort.setCurrentIndex(index)
    page.tools.sort.activated.emit(index)
    assert shown(page) == PLAIN_NEGATIVE
    qtbot.mouseClick(page.tools.direction, Qt.MouseButton.LeftButton)
    assert shown(page) == PLAIN_NEGATIVE[::-1]


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (
            lambda w: w.set_filter(Filter(kinds=(FlipKind.NEGATIVE,), text="nowhere")),
            "No image passes all filters. Remove one of the chips above, or clear all.",
        ),
        (
            lambda w: w.clear(),
            "No comparison is open. Train an update, or open an old and a new version (Ctrl+O).",
        ),
    ],
)
def test_that_an_empty_grid_says_why(
    page: FlipsPage, workspace: Workspace, prepare: Callable[[Workspace], None], sentence: str
) -> None:
    prepare(workspace)
    assert page.stack.currentWidget() is page.empty
    assert page.empty.text() == sentence


def test_that_no_negative_flips_is_good_news(qtbot: QtBot, workspace: Workspace) -> None:
    from dataclasses import replace

    old = workspace.old
    assert old is not None
    assert old.predictions is not None
    same = replace(old.predictions, version="same")
    workspace.add_version(type(old)("same", "same", "candidate", predictions=same))
    workspace.set_current("same")
    page = seen(qtbot, FlipsPage(workspace), 900, 620)
    assert page.empty.text() == "No negative flips: every image that the old model had right is still right."


def test_that_the_grids_current_card_is_the_selection_and_back(page: FlipsPage, workspace: Workspace) -> None:
    page.grid.setCurrentIndex(page.grid.flips.index(2))
    assert workspace.selected == shown(page)[2]
    workspace.select(shown(page)[0])
    assert page.grid.currentIndex().row() == 0


def test_that_a_selection_outside_of_the_filter_stays_selected(page: FlipsPage, workspace: Workspace) -> None:
    workspace.select(shown(page)[0])
    workspace.set_filter(Filter(kinds=(FlipKind.POSITIVE,)))
    assert workspace.selected is not None
    assert not page.grid.currentIndex().isValid()


def test_that_enter_opens_arrows_step_and_escape_goes_back(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    qtbot.keyClick(page.grid, Qt.Key.Key_Home)
    qtbot.keyClick(page.grid, Qt.Key.Key_Return)
    assert page.stack.currentWidget() is page.viewer
    assert page.viewer.place.text() == "1 of 4"
    qtbot.keyClick(page.viewer, Qt.Key.Key_Right)
    assert workspace.selected == shown(page)[1]
    assert page.viewer.place.text() == "2 of 4"
    qtbot.keyClick(page.viewer, Qt.Key.Key_Escape)
    assert page.stack.currentWidget() is page.grid
    assert page.grid.currentIndex().row() == 1


def test_that_space_glances_and_space_goes_back(page: FlipsPage, qtbot: QtBot) -> None:
    qtbot.keyClick(page.grid, Qt.Key.Key_Home)
    qtbot.keyClick(page.grid, Qt.Key.Key_Space)
    assert page.stack.currentWidget() is page.viewer
    qtbot.keyClick(page.viewer, Qt.Key.Key_Space)
    assert page.stack.currentWidget() is page.grid


def test_that_the_slider_and_the_grid_agree_on_the_size(page: FlipsPage) -> None:
    page.tools.size_slider.setValue(page.tools.size_slider.value() + 2)
    size = page.grid.thumbnail
    page.grid.set_thumbnail(size + 16)
    assert page.tools.size_slider.value() * 16 == size + 16


def test_that_another_candidate_shows_its_own_flips(page: FlipsPage, workspace: Workspace) -> None:
    workspace.set_current("mpt")
    assert sorted(shown(page)) == [2, 6]


def test_that_renaming_changes_the_label_and_nothing_else(page: FlipsPage, workspace: Workspace) -> None:
    page.grid.setCurrentIndex(page.grid.flips.index(2))
    workspace.rename("plain", "nightly")
    assert page.result.text() == "4 of 10 images · nightly"
    assert page.grid.currentIndex().row() == 2


def test_that_a_new_old_model_never_meets_rows_of_the_former(page: FlipsPage, workspace: Workspace) -> None:
    workspace.set_old("mpt")
    workspace.set_current("plain")  # the former old model lacks a class, which blocks that comparison
    comparison = workspace.comparison()
    assert comparison is not None
    assert page.grid.flips.comparison is comparison
    assert sorted(shown(page)) == sorted(int(row) for row in workspace.filter.apply(comparison))


def test_that_a_hidden_page_catches_up_when_it_is_seen(page: FlipsPage, workspace: Workspace) -> None:
    page.hide()
    workspace.set_filter(Filter(kinds=(FlipKind.POSITIVE,)))
    assert sorted(shown(page)) == PLAIN_NEGATIVE
    page.show()
    assert sorted(shown(page)) == [3, 8]


def test_that_without_a_data_set_cards_have_placeholders(qtbot: QtBot, workspace: Workspace) -> None:
    workspace.dataset = None
    page = seen(qtbot, FlipsPage(workspace), 900, 620)
    assert page.grid._image(1).isNull()
    assert not page.grab().isNull()


def test_that_c_opens_the_selected_images_side_by_side(page: FlipsPage, qtbot: QtBot) -> None:
    qtbot.keyClick(page.grid, Qt.Key.Key_Home)
    qtbot.keyClick(page.grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(page.grid, Qt.Key.Key_C)
    assert page.stack.currentWidget() is page.beside
    assert [column.isVisible() for column in page.beside._columns] == [True, True, False, False]
    qtbot.keyClick(page.beside, Qt.Key.Key_Escape)
    assert page.stack.currentWidget() is page.grid
    assert page.grid.selected_rows().size == 2


def test_that_the_first_card_is_selected_when_the_grid_has_the_keyboard(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    page.grid.setFocus()
    workspace.select(shown(page)[0])
    assert page.grid.selected_rows().tolist() == [shown(page)[0]]


def test_that_causes_are_counted_and_filter(page: FlipsPage) -> None:
    assert counts(page, "causes") == {"Stolen by a new class": "3", "Old-old confusion": "1"}
    page.facets.lists["causes"].chosen.emit(key_of(page, "causes", "Stolen"))
    assert sorted(shown(page)) == [1, 5, 6]


def test_that_images_are_grouped_by_flow_pair(page: FlipsPage, workspace: Workspace) -> None:
    index = page.tools.group.findText("Flow pair")
    page.tools.group.setCurrentIndex(index)
    page.tools.group.activated.emit(index)
    assert [(g.title, g.count) for g in workspace.groups] == [
        ("dog & <b>pup</b> → fox", 2),
        ("cat → dog & <b>pup</b>", 1),
        ("cat → fox", 1),
    ]
    assert shown(page) == [6, 5, 2, 1]
    assert page.grid.visualRect(page.grid.flips.index(2)).top() > page.grid.visualRect(page.grid.flips.index(0)).top()


def test_that_the_keyboard_is_in_the_grid_once_the_first_rows_arrive(
    qtbot: QtBot, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpt_studio.gui.workspace.browsing.DIRECT_SAMPLES", 5)
    page = seen(qtbot, FlipsPage(workspace), 900, 620)
    qtbot.waitUntil(lambda: len(page.grid.flips.rows) == 4)
    assert page.focusWidget() is page.grid


def test_that_the_grid_changes_once_while_rows_are_sought_beside(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_finder, "DIRECT_SAMPLES", 5)
    shown, resets = page.grid.flips.comparison, []
    page.grid.flips.modelReset.connect(lambda: resets.append(page.grid.flips.comparison))
    with qtbot.waitSignal(workspace.rows_changed):
        workspace.offsets.set("plain", 1.5)
        workspace.offsets.settled.emit()
        assert page.grid.flips.comparison is shown  # the cards of before, until the new rows are here
    assert resets == [workspace.comparison()]
    assert page.grid.flips.rows is workspace.rows


def test_that_nothing_is_painted_again_where_nothing_changed(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.wait(250)  # thumbnails have arrived
    painted: list[object] = []
    page.grid.paintEvent = painted.append  # type: ignore[method-assign]
    page.grid.set_content(workspace.comparison(), workspace.rows, page.grid._images)
    qtbot.wait(30)
    assert not painted
    workspace.comparison().mark([0], Mark.BLOCKER)  # type: ignore[union-attr]
    page.grid.set_content(workspace.comparison(), workspace.rows, page.grid._images)
    qtbot.waitUntil(lambda: bool(painted))


def test_that_ticking_a_value_changes_only_the_lists_whose_rows_change(page: FlipsPage, workspace: Workspace) -> None:
    changed = []
    for field, values in page.facets.lists.items():
        values.model.modelReset.connect(lambda field=field: changed.append(field))
    workspace.set_sort("class", False)
    assert changed == []
    page.facets.lists["causes"].chosen.emit(page.facets.lists["causes"].model.rows[0].key)
    assert "causes" in changed
    assert len(changed) == len(set(changed))


def test_that_rows_have_an_order_and_those_that_need_scores_are_off(qtbot: QtBot, answered: Workspace) -> None:
    page = FlipsPage(answered)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    assert sorted(answered.rows.tolist()) == [1, 2, 5, 6]
    sort = page.tools.sort
    model, enabled = sort.model(), Qt.ItemFlag.ItemIsEnabled
    off = [sort.itemText(i) for i in range(sort.count()) if not model.flags(model.index(i, 0)) & enabled]
    assert off == ["Margin drop", "Confidence", "Closest calls first", "Loss", "Confidence lost"]
    assert sort.currentText() == "Flow pair"
    page.tools.direction.click()
    assert (answered.sort_key, answered.sort_descending) == ("flow", True)


def test_that_marking_in_the_larger_view_goes_on_to_the_next_image_there(page: FlipsPage, workspace: Workspace) -> None:
    first, second = (int(row) for row in workspace.rows[:2])
    page._open(first)
    workspace.judging.accept()
    assert page.stack.currentWidget() is page.viewer
    assert workspace.selected == second


def test_that_images_side_by_side_stay_under_another_offset_and_go_with_their_samples(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    page.grid.selectAll()
    page._open_beside()
    with qtbot.waitSignal(workspace.comparison_changed):
        workspace.set_offset(0.1)
    assert page.stack.currentWidget() is page.beside
    workspace.clear()
    assert page.stack.currentWidget() is page.empty
    assert not page.beside.is_open
