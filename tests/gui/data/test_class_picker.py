from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from mpt_studio.gui.data.class_picker import ClassPicker, ClassPickerDialog
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import DrawnDataset
from .test_class_list import ManyClasses

pytestmark = pytest.mark.gui


@pytest.fixture
def picker(qtbot: QtBot) -> ClassPicker:
    made = ClassPicker()
    qtbot.addWidget(made)
    return made


def test_that_ticks_become_the_recipes_text(picker: ClassPicker) -> None:
    picker.show_classes(ManyClasses(30, 2), "3")
    assert (picker.text, picker.summary.text()) == ("3", "3 old classes, 27 new ones")
    picker.tick_all.click()
    assert picker.summary.text() == "30 old classes, none new"
    picker.tick_none.click()
    assert picker.text == ""
    picker.number.setValue(5)
    picker.tick_first.click()
    assert picker.text == "5"
    picker.tick_all.click()
    assert picker.text == "30"


def test_that_all_and_none_are_of_what_the_filter_shows(picker: ClassPicker) -> None:
    picker.show_classes(ManyClasses(30, 2), "2")
    picker.words.setText("class 2")
    picker.tick_none.click()
    assert picker.text == "2"
    picker.tick_all.click()
    picker.words.clear()
    assert picker.text.split(",") == ["class 0", "class 1", "class 2", *(f"class {i}" for i in range(20, 30))]


def test_that_a_text_that_names_no_classes_ticks_the_datas_own(picker: ClassPicker) -> None:
    picker.show_classes(DrawnDataset(), "wolf")
    assert picker.text == ""
    picker.list.thumbnails.close()


def test_that_the_dialog_opens_the_data_and_gives_what_was_ticked(qtbot: QtBot, empty_workspace: Workspace) -> None:
    dialog = ClassPickerDialog(empty_workspace, "builtin", "")
    qtbot.addWidget(dialog)
    assert dialog.picker.text == "10"  # the example's own: the digits
    picked: list[str] = []
    dialog.picked.connect(picked.append)
    dialog.picker.tick_none.click()
    assert not dialog.ok.isEnabled()
    dialog.picker.number.setValue(12)
    dialog.picker.tick_first.click()
    dialog.ok.click()
    assert (picked, dialog.result()) == (["12"], QDialog.DialogCode.Accepted)


def test_that_data_that_cannot_be_opened_are_said_in_the_dialog(qtbot: QtBot, empty_workspace: Workspace) -> None:
    dialog = ClassPickerDialog(empty_workspace, "folder:/nowhere", "")
    qtbot.addWidget(dialog)
    assert "/nowhere" in dialog.state.text()
    assert not dialog.ok.isEnabled()
