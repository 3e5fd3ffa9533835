from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Decision
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
    dialog.inside.setChecked(True)
    dialog.opset.setCurrentIndex(2)
    (tmp_path / "shipped_onnx").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dialog.ok.click()
    assert worker.last.job == "export"
    assert worker.last.args == {
        "checkpoint": "w.safetensors",
        "offset": 0.0,
        "interpolate": 0.0,
        "old": "old",
        "data": "drawn",
        "format": "onnx",
        "folder": str(tmp_path / "shipped_onnx (2)"),
        "preprocessing": "inside",
        "opset": 20,
    }
    assert dialog.bar.isVisible()
    assert not dialog.ok.isEnabled()
    worker.last.answer(ANSWER)
    assert dialog.told.text().endswith("over 4 images no logit differs by more than 1.3e-06 from the version's.")
    assert not dialog.bar.isVisible()
    assert dialog.ok.isEnabled()


def test_that_a_version_is_written_at_the_offset_and_the_share_that_are_on_screen(
    qtbot: QtBot, workspace: Workspace, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = Version("m", "mixed", "candidate", predictions=predictions(NEW_ANSWER, 3, "mixed"))
    mixed.mixed = Decision("w.safetensors", alpha=0.4)
    workspace.add_version(mixed)
    workspace.set_current("m")
    workspace.set_offset(1.19)
    dialog = ExportVersionDialog(workspace, None, "", None)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.version.currentText() == "mixed"
    assert dialog.decided.text() == "It is on screen at γ = 1.19 and α = 0.4, and so it is written."
    dialog.beside.setChecked(False)
    offered: list[str] = []
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *a: (offered.append(a[2]) or str(tmp_path / "x.pth"), "")
    )
    dialog.ok.click()
    assert offered == ["mixed_gamma1.19_alpha0.4.pth"]
    asked = {name: worker.last.args[name] for name in ("checkpoint", "offset", "interpolate")}
    assert asked == {"checkpoint": "w.safetensors", "offset": 1.19, "interpolate": 0.4}
    assert worker.last.args["out"] == str(tmp_path / "x.pth")
    assert worker.last.args["force"]
    worker.last.answer({**ANSWER, "check": {"sentence": "On all 10 test images the file has … as on screen."}})
    assert dialog.told.text().endswith("(44.7 MB). On all 10 test images the file has … as on screen.")
    dialog.version.setCurrentIndex(dialog.version.findText("shipped"))
    assert dialog.decided.text() == ""
    dialog.version.setCurrentIndex(dialog.version.findText("mixed"))
    dialog.format.setCurrentIndex(3)
    assert dialog.decided.text() == ""


def test_that_a_failure_is_told_and_cancelling_ends_the_job(
    dialog: ExportVersionDialog, workspace: Workspace, worker: FakeWorker, tmp_path: Path
) -> None:
    dialog.write(workspace.version("w"), tmp_path / "x.pth")
    worker.last.fail("The disk is full.")
    assert dialog.told.text() == "✗ The disk is full."
    dialog.write(workspace.version("w"), tmp_path / "x.pth")
    dialog.reject()
    assert worker.last.is_cancelled


def test_that_only_onnx_offers_what_is_of_graphs_and_labels_need_no_folder(dialog: ExportVersionDialog) -> None:
    shown = []
    for index in range(dialog.format.count()):
        dialog.format.setCurrentIndex(index)
        shown.append((dialog.inside.isVisible(), dialog.opset.isVisible(), dialog.beside.isVisible()))
    assert shown == [(False, False, True), (True, True, True), (False, False, True), (False, False, False)]


def test_that_the_latency_is_told_behind_the_check() -> None:
    answer = {**ANSWER, "difference": 0.0, "latency": {"sentence": "It answers in 2 ms."}}
    assert written_sentence(answer).endswith("exactly as the version does. It answers in 2 ms.")


def test_that_nothing_is_said_of_a_difference_where_there_is_none() -> None:
    exact = {**ANSWER, "difference": 0.0, "bytes": 900}
    assert written_sentence(exact) == "x.onnx written (900 bytes); it answers 4 images exactly as the version does."
    assert written_sentence({**exact, "difference": None}) == "x.onnx written (900 bytes)."
