"""Fields of the form by themselves."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.train.field_editors import DataEditor
from mpt_studio.gui.train.form_fields import flat_specs
from mpt_studio.recipe import UpdateRecipe

pytestmark = pytest.mark.gui


def test_that_data_in_a_folder_or_a_single_file_are_chosen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = DataEditor(flat_specs(UpdateRecipe)["data"])
    qtbot.addWidget(editor)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/data/pets")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/data/pets.one", ""))
    chosen = {}
    for action in editor.findChildren(QToolButton)[0].menu().actions():
        action.trigger()
        chosen[action.text()] = editor.value()
    assert chosen["Tar shards of images (WebDataset)…"] == "shards:/data/pets"
    assert chosen["A table of images and their labels (CSV)…"] == "manifest:/data/pets.one"
    assert chosen["Parquet with images (Hugging Face)…"] == "parquet:/data/pets"
    assert chosen["Parquet with images (Hugging Face), one file…"] == "parquet:/data/pets.one"
    assert len(chosen) == 8
