from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from mpt_studio.gui.versions.export_dialog import ExportVersionDialog, written_sentence
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import NEW_ANSWER, predictions
from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui
ANSWER = {"path": "x.onnx", "bytes": 44_700_000, "difference": 1.25e-6, "samples": 4, "notes": []}


@pytest.fixture
def worker(workspace: Workspace) -> FakeWorker:
    made = workspace.worker = FakeWorker()
    weights = predictions(NEW_ANSWER, 3, "shipped")
    workspace.add_version(Version("w", "shipped", "candidate", checkpoint="w.safetensors", predictions=weights))
    return made


@pytest.fixture
def dialog(qtbot: QtBot, workspace: Workspace, worker: FakeWorker) -> ExportVersionDialog:
    made = ExportVersionDialog(workspace, None, "", None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_a_version_is_written_by_the_worker_and_the_difference_is_told(
    dialog: ExportVersionDialog, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [dialog.version.itemText(i) for i in range(dialog.version.count())] == ["shipped"]
    dialog.format.setCurrentIndex(1)
    dialog.normalise.setChecked(True)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "x.onnx"), ""))
    dialog.ok.click()
    assert worker.last.job == "export"
    assert worker.last.args == {
        "checkpoint": "w.safetensors",
        "format": "onnx",
        "out": str(tmp_path / "x.onnx"),
        "force": True,
        "normalise": True,
    }
    assert dialog.bar.isVisible()
    assert not dialog.ok.isEnabled()
    worker.last.answer(ANSWER)
    assert dialog.told.text().endswith("over 4 images no logit differs by more than 1.3e-06 from the version's.")
    assert not dialog.bar.isVisible()
    assert dialog.ok.isEnabled()


def test_that_a_failure_is_told_and_cancelling_ends_the_job(
    dialog: ExportVersionDialog, workspace: Workspace, worker: FakeWorker, tmp_path: Path
) -> None:
    dialog.write(workspace.version("w"), tmp_path / "x.pth")
    worker.last.fail("The disk is full.")
    assert dialog.told.text() == "✗ The disk is full."
    dialog.write(workspace.version("w"), tmp_path / "x.pth")
    dialog.reject()
    assert worker.last.is_cancelled


def test_that_only_onnx_offers_to_normalise(dialog: ExportVersionDialog) -> None:
    shown = []
    for index in range(dialog.format.count()):
        dialog.format.setCurrentIndex(index)
        shown.append(dialog.normalise.isVisible())
    assert shown == [False, True, False, False]


def test_that_nothing_is_said_of_a_difference_where_there_is_none() -> None:
    exact = {**ANSWER, "difference": 0.0, "bytes": 900}
    assert written_sentence(exact) == "x.onnx written (900 bytes); it answers 4 images exactly as the version does."
    assert written_sentence({**exact, "difference": None}) == "x.onnx written (900 bytes)."
