"""What decoded images take of the disk, in the window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from mpt_studio.data import room
from mpt_studio.data.fit import Fit
from mpt_studio.gui.window.decoded_dialog import DecodedDialog

pytestmark = pytest.mark.gui


@pytest.fixture
def dialog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> DecodedDialog:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    folder = room.place_of("folder:<b>photos", Fit(16), "pixels")
    folder.mkdir(parents=True)
    (folder / "pixels").write_bytes(bytes(3 << 20))
    (folder / room.ABOUT).write_text(json.dumps({"data": "folder:<b>photos"}))
    made = DecodedDialog()
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def rows(dialog: DecodedDialog) -> list[list[str]]:
    table = dialog.table
    return [[table.item(row, column).text() for column in (0, 1, 3)] for row in range(table.rowCount())]


def test_that_what_is_kept_is_listed_and_deleted(dialog: DecodedDialog, qtbot: QtBot) -> None:
    assert rows(dialog) == [["<b>photos", "fit-16-0-bicubic-center.pixels", "3 MB"]]
    assert dialog.told.text() == room.sentence()
    qtbot.mouseClick(dialog.empty, Qt.MouseButton.LeftButton)
    assert rows(dialog) == room.entries() == []
    assert dialog.told.text() == f"3 MB were freed. {room.sentence()}"
    assert not dialog.empty.isEnabled()


def test_that_a_limit_is_set_with_enter_and_a_wrong_one_is_a_sentence(dialog: DecodedDialog, qtbot: QtBot) -> None:
    assert (dialog.limit.text(), dialog.set_limit.isEnabled()) == ("25%", False)
    dialog.limit.setText("plenty")
    qtbot.keyClick(dialog.limit, Qt.Key.Key_Return)
    assert "'plenty' is no limit for decoded images" in dialog.told.text()
    dialog.limit.setText("20 GB")
    qtbot.keyClick(dialog.limit, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert (room.limit_text(), dialog.set_limit.isEnabled()) == ("20 GB", False)
    assert "they may take 20.0 GB (limit: 20 GB)" in dialog.told.text()
    dialog.limit.setText("1M")
    qtbot.keyClick(dialog.limit, Qt.Key.Key_Return)
    assert not rows(dialog)  # what is beyond it goes


def test_that_another_folder_is_chosen(
    dialog: DecodedDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "large"))
    qtbot.mouseClick(dialog.choose, Qt.MouseButton.LeftButton)
    assert "MPT_STUDIO_CACHE says where they lie" in dialog.told.text()
    monkeypatch.delenv("MPT_STUDIO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    qtbot.mouseClick(dialog.choose, Qt.MouseButton.LeftButton)
    assert room.home().is_relative_to(tmp_path / "large")
    assert dialog.folder.text() == str(room.home())
