from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Decision
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import write_predictions

pytestmark = pytest.mark.gui


class Worker:
    """Takes the request down; the test answers."""

    def request(self, job: str, args: dict, on_result: Callable[[dict], None], **_: object) -> Job:
        self.job, self.args, self.answer = job, args, on_result
        return Job(job)


def test_that_interpolated_weights_become_a_curve_of_versions_that_can_be_opened(
    page: ComparePage, workspace: Workspace, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.interpolation.isHidden()  # no checkpoints
    workspace.worker = worker = Worker()  # type: ignore[assignment]
    monkeypatch.setattr("mpt_studio.gui.compare.interpolation_path._obstacle", lambda old, new: "")
    page.refresh()
    qtbot.mouseClick(page.interpolation.start, Qt.MouseButton.LeftButton)
    assert worker.job == "interpolate"
    assert page.interpolation.progress.isVisible()
    old, plain = workspace.versions[:2]
    points = []
    for alpha, version in ((0.0, plain), (1.0, old)):
        assert version.predictions is not None
        write_predictions(version.predictions, tmp_path / f"{alpha}")
        points.append({"alpha": alpha, "predictions": str(tmp_path / f"{alpha}")})
    with qtbot.waitSignal(page.interpolation.changed):
        worker.answer({"points": points})
    curve = page.interpolation.curve()
    assert curve is not None
    assert curve.x.tolist() == [50.0, 0.0]
    assert curve.y.tolist() == [40.0, 75.0]  # the old model is compared on its own classes
    assert not page.interpolation.start.isVisible()
    assert "started from the old model's weights" in page.interpolation.meaning.text()
    page.frontier.between_chosen.emit(1)
    assert workspace.current is not None
    assert workspace.current.label == "plain α=1"
    assert workspace.decision(workspace.current) == Decision(plain.checkpoint, alpha=1.0)  # so it can be exported
