from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.workspace import loading
from mpt_studio.gui.workspace.loading import DataOpening
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions, write_predictions

from ..fake_worker import FakeWorker
from .files import checkpoint

pytestmark = pytest.mark.gui


@pytest.fixture
def spec(tmp_path: Path) -> str:
    for name in ("cat", "dog"):
        for number in range(4):
            file = tmp_path / "photos" / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)).save(file)
    return f"folder:{tmp_path / 'photos'}"


@pytest.fixture
def opening(empty_workspace: Workspace) -> DataOpening:
    return DataOpening(empty_workspace)


def test_that_small_data_are_there_as_soon_as_the_worker_has_looked_through_them(
    opening: DataOpening, spec: str, qtbot: QtBot
) -> None:
    worker = FakeWorker()
    opening.open(spec, worker)  # type: ignore[arg-type]
    with qtbot.waitSignal(opening.opened) as opened:
        worker.last.answer({"spec": spec, "samples": 8})
    assert opened.args[0].class_names == ("cat", "dog")


def test_that_data_are_opened_beside_the_window(opening: DataOpening, spec: str, qtbot: QtBot) -> None:
    worker, found, begun = FakeWorker(), [], []
    opening.opened.connect(found.append)
    opening.job_started.connect(begun.append)
    opening.open(spec, worker)  # type: ignore[arg-type]
    worker.last.answer({"spec": spec, "samples": 8})
    assert not found  # not in this call
    assert len(begun) == 2  # both are shown with their progress
    qtbot.waitUntil(lambda: bool(found))
    assert len(found[0]) == 8


def test_that_of_two_data_sets_the_last_one_asked_for_counts(opening: DataOpening, spec: str, qtbot: QtBot) -> None:
    worker, found = FakeWorker(), []
    opening.opened.connect(found.append)
    opening.open("builtin", worker)  # type: ignore[arg-type]
    opening.open(spec, worker)  # type: ignore[arg-type]
    worker.asked[1].answer({"spec": spec, "samples": 8})
    worker.asked[0].answer({"spec": "builtin", "samples": 10})
    qtbot.waitUntil(lambda: bool(found))
    assert [dataset.spec for dataset in found] == [spec]


def test_that_data_that_vanished_meanwhile_are_a_sentence(opening: DataOpening, tmp_path: Path, qtbot: QtBot) -> None:
    worker, said = FakeWorker(), []
    opening.failed.connect(lambda *each: said.append(each))
    opening.open(f"folder:{tmp_path / 'gone'}", worker)  # type: ignore[arg-type]
    worker.last.answer({"spec": f"folder:{tmp_path / 'gone'}", "samples": 8})
    qtbot.waitUntil(lambda: len(said) == 1)
    assert "There is no folder" in said[0][0]


class Worker:
    """Answers at once, in this process: the window's side of the worker without a process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, []

    def request(self, job: str, args: dict, on_result=None, on_error=None, on_progress=None, title: str = "") -> Job:
        self.asked.append((job, args))
        made = Job(title)
        self.answer = lambda: (made.finish(), on_result({"predictions": str(self.folder), "spec": "builtin"}))
        return made


def test_that_checkpoints_without_data_ask_for_data_in_a_sentence(
    empty_workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(empty_workspace.message) as heard:
        empty_workspace.opening.open([checkpoint(tmp_path / "a.safetensors")])
    assert heard.args[0] == "warning"
    assert "open the data" in heard.args[1]
    assert [v.label for v in empty_workspace.waiting_for_data] == ["a"]


def test_that_many_images_are_answered_where_jobs_run(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MANY_IMAGES", 10)
    workspace.run_on.choose("tcp://node0:8786")
    worker = workspace.worker = Worker(tmp_path)
    workspace.opening.open([checkpoint(tmp_path / "new.safetensors")])
    assert [args["cluster"] for _, args in worker.asked] == ["tcp://node0:8786"]


def test_that_a_checkpoint_is_evaluated_once_on_the_open_data(workspace: Workspace, tmp_path: Path) -> None:
    rows = [[3.0, 0.0]] * 10
    ids = np.array([f"test/{i:02d}" for i in range(10)])
    made = Predictions(
        ids,
        workspace.old.predictions.labels,
        workspace.dataset.class_names,
        np.array(rows, np.float32),
        ("cat", "dog & <b>pup</b>"),
    )
    write_predictions(made, tmp_path / "answers")
    worker = workspace.worker = Worker(tmp_path / "answers")
    workspace.opening.open([checkpoint(tmp_path / "new.safetensors")])
    assert worker.asked == [("evaluate", {"checkpoint": str(tmp_path / "new.safetensors"), "data": "drawn"})]
    added = workspace.versions[-1]
    assert workspace.comparison(added.key) is None
    worker.answer()
    assert workspace.comparison(added.key).rates("all").samples == 8  # nobody knows the two foxes


def test_that_an_evaluation_of_a_closed_version_is_dropped(workspace: Workspace, tmp_path: Path) -> None:
    worker = workspace.worker = Worker(tmp_path)
    workspace.opening.open([checkpoint(tmp_path / "new.safetensors")])
    workspace.remove(workspace.versions[-1].key)
    worker.answer()
    assert [v.key for v in workspace.versions] == ["old", "plain", "mpt"]


def test_that_a_version_that_is_opened_again_gets_the_answers_itself(workspace: Workspace, tmp_path: Path) -> None:
    write_predictions(workspace.old.predictions, tmp_path / "answers")
    worker, path = Worker(tmp_path / "answers"), checkpoint(tmp_path / "new.safetensors")
    workspace.worker = worker
    workspace.opening.open([path])
    first = workspace.versions[-1]
    workspace.opening.open([path])
    assert workspace.versions[-1] is not first
    worker.answer()
    assert workspace.versions[-1].predictions is not None
    assert first.predictions is None
