from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from mpt_studio.gui.data.choosing import DataDialog
from mpt_studio.gui.versions.choosing import CompareDialog
from mpt_studio.gui.widgets.forms import FormDialog

from ..workspace.files import RIGHT, WRONG, checkpoint, saved

pytestmark = pytest.mark.gui


def test_that_comparing_predictions_needs_no_data(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = CompareDialog("folder:")
    qtbot.addWidget(dialog)
    old, new = saved(tmp_path / "a", [RIGHT], "a"), saved(tmp_path / "b", [WRONG], "b")
    dialog.old.edit.setText(str(old))
    assert "candidate" in dialog.problem.text()
    dialog.new.edit.setText(str(old))
    assert "same file" in dialog.problem.text()
    dialog.new.edit.setText(f'"{new}"')
    assert dialog.ok.isEnabled()
    assert not dialog.needs_data


def test_that_comparing_checkpoints_needs_data(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = CompareDialog("folder:")
    qtbot.addWidget(dialog)
    dialog.old.edit.setText(str(checkpoint(tmp_path / "a.safetensors")))
    dialog.new.edit.setText(str(checkpoint(tmp_path / "b.safetensors")))
    assert dialog.needs_data
    assert not dialog.ok.isEnabled()
    dialog.data.set_spec("builtin")
    assert dialog.ok.isEnabled()


def test_that_a_file_that_is_no_version_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = CompareDialog()
    qtbot.addWidget(dialog)
    (tmp_path / "a.safetensors").write_bytes(b"<html>")
    dialog.old.edit.setText(str(tmp_path / "a.safetensors"))
    assert "a.safetensors" in dialog.problem.text()
    assert not dialog.ok.isEnabled()


@pytest.mark.parametrize("kind", [DataDialog, CompareDialog])
def test_that_a_dialog_begins_at_its_first_field_and_tabs_to_its_buttons_last(
    qtbot: QtBot, kind: type[FormDialog]
) -> None:
    dialog = kind()
    qtbot.addWidget(dialog)
    dialog.show()
    first = dialog.old.edit if isinstance(dialog, CompareDialog) else dialog.data.kind
    qtbot.waitUntil(lambda: dialog.focusWidget() is first)
    order, widget = [], first
    while (widget := widget.nextInFocusChain()) is not first:
        order.append(widget)
    buttons = [widget for widget in order if widget in dialog.buttons.buttons()]
    assert buttons[0] is dialog.ok
    fields = dialog.findChildren(QLineEdit)
    assert max(order.index(field) for field in fields if field in order) < order.index(dialog.ok)
