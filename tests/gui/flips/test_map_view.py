from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.beside.worker_client import WorkerClient
from mpt_studio.gui.flips.map_view import MapBeside, MapView
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import seen

pytestmark = pytest.mark.gui

PLACES = np.array([[i % 5, i // 5] for i in range(10)], np.float32)
"""Two lines of five; sample 0 is at the lower left."""
WORKER = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request.get("job") == "features_map":
        result = {"points": sys.argv[1], "explained": [0.5, 0.25], "method": request["args"]["method"]}
        if "broken" in request["args"]["checkpoint"]:
            print(json.dumps({"id": request["id"], "error": "The weights are damaged.", "detail": ""}), flush=True)
        else:
            print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> Iterator[FlipsPage]:
    """All samples on a wide Flips page whose versions have checkpoints, and a worker that knows their places."""
    np.save(tmp_path / "points.npy", PLACES)
    for version in workspace.versions:
        version.checkpoint = str(tmp_path / f"{version.key}.safetensors")
        Path(version.checkpoint).touch()
    workspace.worker = WorkerClient(tmp_path, command=[sys.executable, "-c", WORKER, str(tmp_path / "points.npy")])
    workspace.set_filter(Filter())
    yield seen(qtbot, FlipsPage(workspace), 1300, 700)
    workspace.worker.close()


def opened(page: FlipsPage, qtbot: QtBot) -> MapView:
    beside = page.findChild(MapBeside)
    assert beside is not None
    beside.button.setChecked(True)
    assert beside.map is not None
    qtbot.waitUntil(lambda: beside.map is not None and len(beside.map.canvas.bright) == 10)
    return beside.map


def test_that_the_map_shows_every_sample_of_the_comparison(page: FlipsPage, qtbot: QtBot) -> None:
    shown = opened(page, qtbot)
    assert shown.placed.text() == "10 of 10 test images placed by its own features"
    assert shown.canvas.axes == ("component 1, 50 % of the variance", "component 2, 25 % of the variance")
    assert shown.legend[FlipKind.NEGATIVE].text() == "Negative flip 4"
    assert shown.canvas.bright.all()


def test_that_the_lasso_filters_the_grid_and_the_chip_names_the_map(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    shown = opened(page, qtbot)
    shown.canvas.lassoed.emit(np.array([1, 2, 8]))
    assert sorted(page.grid.flips.rows.tolist()) == [1, 2, 8]
    assert "map of plain" in [text for _, text in workspace.filter.chips()]
    assert np.flatnonzero(shown.canvas.bright).tolist() == [1, 2, 8]


def test_that_a_filter_dims_the_other_points(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    shown = opened(page, qtbot)
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,)))
    assert np.flatnonzero(shown.canvas.bright).tolist() == [1, 2, 5, 6]


def test_that_the_selection_goes_both_ways(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    shown = opened(page, qtbot)
    shown.canvas.chosen.emit(6)
    assert page.grid.flips.row_of(page.grid.currentIndex()) == 6
    page.grid.selectAll()
    assert sorted(shown.canvas.selected.tolist()) == list(range(10))
    workspace.select(3)
    assert shown.canvas.current == 3


def test_that_another_logit_offset_moves_samples_between_kinds(
    page: FlipsPage, workspace: Workspace, qtbot: QtBot
) -> None:
    shown = opened(page, qtbot)
    workspace.set_offset(50.0)  # no answer is a new class any more
    comparison = workspace.comparison()
    assert comparison is not None
    negative = int((comparison.kinds == FlipKind.NEGATIVE).sum())
    assert negative != 4
    qtbot.waitUntil(lambda: shown.legend[FlipKind.NEGATIVE].text() == f"Negative flip {negative}")
    assert shown.canvas._kinds.tolist() == comparison.kinds.tolist()


def test_that_a_version_without_a_checkpoint_is_a_sentence(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    shown = opened(page, qtbot)
    current = workspace.current
    assert current is not None
    current.checkpoint = ""
    shown.refresh()
    assert shown.canvas.note == "plain came without its checkpoint; open that to see the samples by its features."


def test_that_a_problem_is_told_and_can_be_tried_again(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    shown, current = opened(page, qtbot), workspace.current
    assert current is not None
    good = current.checkpoint
    current.checkpoint = good.replace("plain", "broken")
    Path(current.checkpoint).touch()
    shown.refresh()
    qtbot.waitUntil(lambda: shown.canvas.note == "The weights are damaged.")
    current.checkpoint = good
    shown.again.click()
    assert shown.canvas.note == ""


def test_that_m_toggles_and_a_narrow_page_shows_one_of_both(page: FlipsPage, qtbot: QtBot) -> None:
    shown = opened(page, qtbot)
    assert page.stack.isVisible()
    page.resize(700, 700)
    qtbot.waitUntil(lambda: not page.stack.isVisible())
    qtbot.keyClick(shown.canvas, Qt.Key.Key_M)
    assert page.stack.isVisible()
    assert not shown.isVisible()


def test_that_opening_a_large_image_takes_the_place_of_a_narrow_map(page: FlipsPage, qtbot: QtBot) -> None:
    shown = opened(page, qtbot)
    page.resize(700, 700)
    qtbot.waitUntil(lambda: not page.stack.isVisible())
    page.grid.opened.emit(3)
    assert page.viewer.isVisible()
    assert not shown.isVisible()


def test_that_another_choice_while_a_map_is_made_is_no_cancelling(page: FlipsPage, qtbot: QtBot) -> None:
    view = opened(page, qtbot)
    for choice in (1, 2):  # the second before the first is there
        view.versions.setCurrentIndex(choice)
        view.refresh()
        assert view.again.isHidden()
    qtbot.waitUntil(lambda: "placed by" in view.placed.text())
    assert view.again.isHidden()
