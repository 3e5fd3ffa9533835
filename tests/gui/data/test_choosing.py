from __future__ import annotations

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.data.choosing import DataChooser, DataDialog

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    "spec",
    [
        "builtin",
        "fashion-mnist",
        "fashion-mnist:/data/f",
        "cifar10:/data/c",
        "cifar100:/data/c",
        "folder:/a b",
        "manifest:/a/list.csv",
        "shards:/a b",
        "parquet:/a/b.parquet",
    ],
)
def test_that_a_spec_survives_the_chooser(qtbot: QtBot, spec: str) -> None:
    chooser = DataChooser(spec)
    qtbot.addWidget(chooser)
    assert chooser.spec == spec


def test_that_a_missing_folder_is_said_before_going_on(qtbot: QtBot) -> None:
    dialog = DataDialog("folder:")
    qtbot.addWidget(dialog)
    assert not dialog.ok.isEnabled()
    assert "folder" in dialog.problem.text()
    dialog.data.folder.edit.setText("/data/pets")
    assert dialog.ok.isEnabled()
    assert dialog.data.spec == "folder:/data/pets"


def test_that_another_kinds_folder_is_not_taken_where_a_folder_may_be_left_out(qtbot: QtBot) -> None:
    chooser = DataChooser("folder:/data/pets")
    qtbot.addWidget(chooser)
    chooser.kind.setCurrentIndex(chooser.kind.findData("fashion-mnist"))
    assert chooser.spec == "fashion-mnist"


def test_that_a_folder_of_parquet_or_a_single_file_is_browsed_for(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooser, asked = DataChooser("parquet:"), list[str]()
    qtbot.addWidget(chooser)
    button = next(each for each in chooser.findChildren(QPushButton) if "Browse" in each.text())
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/data/pets")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *words: (asked.append(words[3]), ("/data/pets.parquet", ""))[1]
    )
    assert [action.text() for action in button.menu().actions()] == ["A folder…", "One file…"]
    for action, spec in zip(button.menu().actions(), ("parquet:/data/pets", "parquet:/data/pets.parquet"), strict=True):
        action.trigger()
        assert chooser.spec == spec
    assert asked == ["Parquet (*.parquet);;All files (*)"]
    chooser.kind.setCurrentIndex(chooser.kind.findData("folder"))
    assert button.menu() is None
    button.click()
    assert chooser.spec == "folder:/data/pets"
