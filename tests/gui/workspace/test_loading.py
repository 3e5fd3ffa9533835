from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from mpt_studio.gui.workspace import loading as data_opening
from mpt_studio.gui.workspace.loading import DataOpening
from mpt_studio.gui.workspace.workspace import Workspace

from ..fake_worker import FakeWorker

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


def test_that_large_data_are_opened_beside_the_window(
    opening: DataOpening, spec: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_opening, "DIRECT_SAMPLES", 7)
    worker, found, begun = FakeWorker(), [], []
    opening.opened.connect(found.append)
    opening.job_started.connect(begun.append)
    opening.open(spec, worker)  # type: ignore[arg-type]
    worker.last.answer({"spec": spec, "samples": 8})
    assert not found  # not in this call
    assert len(begun) == 2  # both are shown with their progress
    qtbot.waitUntil(lambda: bool(found))
    assert len(found[0]) == 8


def test_that_of_two_data_sets_the_last_one_asked_for_counts(opening: DataOpening, spec: str) -> None:
    worker, found = FakeWorker(), []
    opening.opened.connect(found.append)
    opening.open("builtin", worker)  # type: ignore[arg-type]
    opening.open(spec, worker)  # type: ignore[arg-type]
    worker.asked[1].answer({"spec": spec, "samples": 8})
    worker.asked[0].answer({"spec": "builtin", "samples": 10})
    assert [dataset.spec for dataset in found] == [spec]


def test_that_data_that_vanished_meanwhile_are_a_sentence(opening: DataOpening, tmp_path: Path) -> None:
    worker, said = FakeWorker(), []
    opening.failed.connect(lambda *each: said.append(each))
    opening.open(f"folder:{tmp_path / 'gone'}", worker)  # type: ignore[arg-type]
    worker.last.answer({"spec": f"folder:{tmp_path / 'gone'}", "samples": 8})
    assert len(said) == 1
    assert "There is no folder" in said[0][0]
