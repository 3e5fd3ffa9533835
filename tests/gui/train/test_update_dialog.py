from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot
from safetensors.numpy import save_file

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.gui.beside.estimates import REST_MS
from mpt_studio.gui.train.update_dialog import UpdateDialog
from mpt_studio.gui.versions.class_doctor import ClassDoctor
from mpt_studio.gui.versions.question import ModelDialog
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.reading import Candidate, Reading, to_json

from ..fake_worker import FakeWorker
from .conftest import deployed

pytestmark = pytest.mark.gui


@pytest.fixture
def dialog(qtbot: QtBot, empty_workspace: Workspace, worker: FakeWorker) -> Iterator[UpdateDialog]:
    made = UpdateDialog(empty_workspace)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.reject()


def ours(path: Path, found: Checkpoint) -> Path:
    save_file({"w": np.zeros(1, np.float32)}, path, metadata=found.header())
    return path


def drop(dialog: UpdateDialog, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, keys, button = QPointF(9, 9), Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, data, button, keys)
    QCoreApplication.sendEvent(dialog, enter)
    QCoreApplication.sendEvent(dialog, QDropEvent(where, Qt.DropAction.CopyAction, data, button, keys))


def asked(worker: FakeWorker, job: str) -> list[dict]:
    return [request.args for request in worker.asked if request.job == job]


def with_data(qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path) -> None:
    """The folder is dropped, and opened."""
    drop(dialog, pets)
    qtbot.waitUntil(lambda: bool(asked(worker, "prepare_data")))
    worker.last.answer({"spec": f"folder:{pets}"})
    qtbot.waitUntil(lambda: dialog.looking.dataset is not None)


def test_that_data_and_model_are_dropped_seen_and_proposed_with_the_time(
    qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path, tmp_path: Path
) -> None:
    assert dialog.problem.text() == "Choose the data: a folder of images, or a table of them."
    with_data(qtbot, dialog, worker, pets)
    assert dialog.about_data.text().startswith("120 training images and 12 test images")
    assert dialog.picker.summary.text() == "3 classes"
    old = ours(tmp_path / "old.safetensors", deployed())
    drop(dialog, old)
    qtbot.waitUntil(dialog.ok.isEnabled)
    assert dialog.about_old.text().startswith("mobilenet_v3_small, 2 classes; centre square to 96×96")
    assert dialog.about_classes.text() == "2 known, 1 new (fox)."
    assert dialog.picker.summary.text() == "2 old classes, 1 new one"
    assert dialog.picker.tools.isHidden()
    assert (dialog.way.currentData(), dialog.begin.value()) == ("fine-tune", "pretrained")
    assert dialog.methods.text().startswith(
        "Plain training, Plain training @old, Mixture (BCWI) of Plain training @old"
    )
    qtbot.waitUntil(lambda: bool(asked(worker, "estimate")), timeout=4 * REST_MS)
    worker.last.answer({"seconds": 200.0, "device": "cuda", "versions": [{"label": "No_Treatment", "seconds": 200.0}]})
    assert dialog.time.text() == "About 3 min on cuda"
    recipe = dialog.recipe()
    assert recipe is not None
    assert (recipe.data, recipe.old) == (f"folder:{pets}", str(old))
    dialog.ok.click()
    assert dialog.result() == UpdateDialog.TRAIN
    assert dialog.estimates.versions_of(recipe) == {"No_Treatment": 200.0}


def test_that_every_way_brings_its_own_start_and_a_start_of_ones_own_is_kept(
    qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path, tmp_path: Path
) -> None:
    with_data(qtbot, dialog, worker, pets)
    drop(dialog, ours(tmp_path / "old.safetensors", deployed()))
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.way.setCurrentIndex(dialog.way.findData("standard"))
    dialog.way.activated.emit(0)
    assert dialog.begin.value() == "scratch"
    dialog.begin.set_value("somewhere.pth")
    assert not dialog.ok.isEnabled()
    assert "no weights file" in dialog.problem.text()
    dialog.begin.set_value("pretrained")
    recipe = dialog.recipe()
    assert recipe is not None
    assert (recipe.start.start, recipe.training.epochs) == ("pretrained", 30)


def test_that_an_old_model_to_be_trained_first_knows_what_is_ticked(
    qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path
) -> None:
    with_data(qtbot, dialog, worker, pets)
    dialog.train_old.setChecked(True)
    assert dialog.problem.text() == "Tick the classes that the old model is to know."
    dialog.picker.number.setValue(2)
    dialog.picker.tick_first.click()
    assert dialog.ok.isEnabled()
    recipe = dialog.recipe()
    assert recipe is not None
    assert (recipe.old, recipe.old_classes) == ("", "2")
    dialog.use.click()
    assert dialog.result() == UpdateDialog.USE


def test_that_an_old_model_may_be_its_answers_alone(
    qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path, tmp_path: Path
) -> None:
    with_data(qtbot, dialog, worker, pets)
    dataset = dialog.looking.dataset
    assert dataset is not None
    truth = (dataset.class_names[label] for label in dataset.labels)
    rows = [f"{name},{label},cat" for name, label in zip(dataset.sample_ids, truth, strict=True)]
    (tmp_path / "old.csv").write_text("\n".join(["id,label,prediction", *rows]))
    drop(dialog, tmp_path / "old.csv")
    qtbot.waitUntil(lambda: dialog.looking.knows_old)
    assert dialog.about_old.text().startswith("Answers to 132 images")
    recipe = dialog.recipe()
    assert recipe is not None
    assert (recipe.methods, recipe.old) == ("none,pct_naive", str(tmp_path / "old.csv"))
    (tmp_path / "notes.csv").write_text("what,when\nlunch,noon\n")
    dialog.old.edit.setText(str(tmp_path / "notes.csv"))
    qtbot.waitUntil(lambda: "without predictions" in dialog.about_old.text())


def test_that_what_the_weights_do_not_say_is_asked(
    qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path, tmp_path: Path
) -> None:
    with_data(qtbot, dialog, worker, pets)
    path = tmp_path / "old.pth"
    path.write_bytes(b"PK\x03\x04" + bytes(200))
    dialog.old.edit.setText(str(path))
    qtbot.waitUntil(lambda: bool(asked(worker, "read_version")))
    assert asked(worker, "read_version")[0]["data_classes"] == ["cat", "dog", "fox"]
    worker.last.answer(to_json(reading(path)))
    question = dialog.findChild(ModelDialog)
    assert question is not None
    assert "does not say its class names" in dialog.about_old.text()
    question.reject()
    dialog.answer.click()
    question = dialog.findChildren(ModelDialog)[-1]
    assert question.class_names is not None
    question.class_names.edit.setPlainText("cat\ndog")
    question.accept()
    assert asked(worker, "read_version")[-1]["choices"]["class_names"] == ("cat", "dog")
    worker.last.answer(to_json(reading(path, deployed())))
    assert dialog.ok.isEnabled()


def test_that_classes_that_nothing_explains_block_and_the_doctor_is_a_click_away(
    qtbot: QtBot, dialog: UpdateDialog, worker: FakeWorker, pets: Path, tmp_path: Path
) -> None:
    with_data(qtbot, dialog, worker, pets)
    drop(dialog, ours(tmp_path / "old.safetensors", deployed(names=("kitty", "dog"))))
    qtbot.waitUntil(lambda: "kitty" in dialog.problem.text())
    assert not dialog.ok.isEnabled()
    dialog.doctor.click()
    doctor = dialog.findChild(ClassDoctor)
    assert doctor is not None
    doctor.choose([("kitty", "cat")])
    doctor.keep()
    assert dialog.ok.isEnabled()
    assert "kitty → cat" in dialog.about_classes.text()


@pytest.mark.parametrize(("name", "words"), [("photo.png", "single image"), ("nothing.pth", "no file")])
def test_that_what_is_neither_is_said(
    qtbot: QtBot, dialog: UpdateDialog, pets: Path, tmp_path: Path, name: str, words: str
) -> None:
    path = tmp_path / name
    if name.endswith("png"):
        path.write_bytes((pets / "train" / "cat" / "0.png").read_bytes())
    drop(dialog, path)
    assert words in dialog.problem.text()


def reading(path: Path, found: Checkpoint | None = None) -> Reading:
    """As the reader reports a file; without ``found`` it needs names."""
    return Reading(
        path=str(path), sha256="ab" * 32, bytes=6_000_000, container="PyTorch zip", tensors=244, parameters=1_500_000,
        classes=2, candidates=(Candidate(arch="mobilenet_v3_small"),), preprocessing=deployed().preprocessing,
        needs=() if found is not None else ("class_names",), checkpoint=found,
    )  # fmt: skip
