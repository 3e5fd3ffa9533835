from __future__ import annotations

import pytest
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
