"""The inspector's explanations, answered by a small worker of our own over the real protocol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.worker_client import WorkerClient
from mpt_studio.gui.charts.heat import heat_image, table
from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.images.thumbnails import to_qimage
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.sample.neighbours import LargeImage
from mpt_studio.gui.sample.side_by_side import SideBySide
from mpt_studio.gui.workspace import explanations as module
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui

WORKER = """
import json, sys
log = open(sys.argv[2], "a")
for line in sys.stdin:
    request = json.loads(line)
    if "cancel" in request:
        continue
    args, job = request["args"], request["job"]
    print(job, args.get("sample", ""), request.get("latest"), file=log, flush=True)
    if job == "load":
        result = {"versions": []}
    elif job == "saliency" and "broken" in args["checkpoints"][0]:
        print(json.dumps({"id": request["id"], "error": "The weights are damaged.", "detail": ""}), flush=True)
        continue
    elif job == "saliency":
        maps = [{"class": name, "logit": 1.0, "probability": 0.5, "is_empty": False, "path": sys.argv[1]}
                for name in dict.fromkeys([*args["classes"], "cat"])]
        result = {"sample": args["sample"], "truth": "cat",
                  "versions": [{"answer": args["classes"][0], "image_box": [0.25, 0, 0.75, 1], "maps": maps}]}
    else:
        found = [{"sample": "test/00", "label": "cat", "similarity": 0.9},
                 {"sample": "test/05", "label": "fox", "similarity": 0.8}]
        result = {"versions": [{"neighbours": {args["sample"]: found}}]}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""


@pytest.fixture
def asked(workspace: Workspace, tmp_path: Path) -> Iterator[Path]:
    """A workspace with checkpoints and a worker; the file in which the worker notes what it was asked."""
    np.save(tmp_path / "map.npy", np.linspace(0, 1, 16, dtype=np.float16).reshape(4, 4))
    for version in workspace.versions:
        version.checkpoint = str(tmp_path / f"{version.key}.safetensors")
        Path(version.checkpoint).touch()
    noted = tmp_path / "asked.txt"
    worker = WorkerClient(tmp_path, command=[sys.executable, "-c", WORKER, str(tmp_path / "map.npy"), str(noted)])
    workspace.worker = worker
    yield noted
    worker.close()


@pytest.fixture
def inspector(qtbot: QtBot, workspace: Workspace, asked: Path) -> Inspector:
    made = Inspector(workspace)
    qtbot.addWidget(made)
    made.resize(340, 1400)
    with qtbot.waitExposed(made):
        made.show()
    return made


def overlay(view: ImageView) -> bool:
    return not view._overlay.pixmap().isNull()


def test_that_both_versions_show_where_they_look(inspector: Inspector, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(1)
    old, new = inspector.saliency.panes
    qtbot.waitUntil(lambda: overlay(old.image) and overlay(new.image), timeout=10_000)
    assert old.caption.text() == "■ old\n✓ cat 50 %"
    assert new.caption.text() == "■ plain\n✗ fox 50 %"
    assert inspector.saliency.legend.isVisible()
    inspector.saliency.choice.setCurrentIndex(1)
    inspector.saliency.refresh()
    assert new.caption.text() == "■ plain\n✓ cat 50 %"


def test_that_the_map_covers_the_part_that_the_network_saw(inspector: Inspector, workspace: Workspace, qtbot: QtBot):
    workspace.select(1)
    view = inspector.saliency.panes[0].image
    qtbot.waitUntil(lambda: overlay(view), timeout=10_000)
    box = view._overlay.mapRectToParent(view._overlay.boundingRect())
    assert (box.left(), box.right()) == pytest.approx((2, 6), abs=0.6)  # of 8 pixels; Qt adds half a pixel
    assert box.height() == pytest.approx(8, abs=3)


def test_that_neighbours_show_label_and_similarity_and_enlarge(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(1)
    qtbot.waitUntil(lambda: len(inspector.neighbours.neighbours()) == 4, timeout=10_000)
    first, second = inspector.neighbours.neighbours()[:2]
    assert (first.text(), first.similarity, second.text()) == ("✓ cat", 0.9, "✗ fox")
    qtbot.waitUntil(lambda: inspector.neighbours.pool.image(5) is not None)
    second.click()
    large = inspector.findChild(LargeImage)
    assert large is not None
    qtbot.waitUntil(lambda: not large.image._item.pixmap().isNull())
    large.close()


def test_that_hurrying_through_samples_asks_only_for_the_last(
    inspector: Inspector, workspace: Workspace, asked: Path, qtbot: QtBot
) -> None:
    for row in (1, 2, 3, 5, 6):
        workspace.select(row)
    qtbot.waitUntil(lambda: len(inspector.neighbours.neighbours()) == 4, timeout=10_000)
    assert sorted(asked.read_text().splitlines()) == [
        "neighbours test/06 neighbours new",
        "neighbours test/06 neighbours old",
        "saliency test/06 saliency new",
        "saliency test/06 saliency old",
    ]


def test_that_an_answer_is_kept(inspector: Inspector, workspace: Workspace, asked: Path, qtbot: QtBot) -> None:
    for row in (1, 2, 1):
        workspace.select(row)
        qtbot.waitUntil(lambda: overlay(inspector.saliency.panes[1].image), timeout=10_000)
        qtbot.waitUntil(lambda: len(inspector.neighbours.neighbours()) == 4, timeout=10_000)
        qtbot.waitUntil(lambda: not inspector.explanations._rest.isActive())
    assert len(asked.read_text().splitlines()) == 8


def test_that_a_version_without_a_checkpoint_says_so_in_a_sentence(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    assert workspace.old is not None
    workspace.old.checkpoint = ""
    workspace.select(1)
    old, new = inspector.saliency.panes
    qtbot.waitUntil(lambda: overlay(new.image), timeout=10_000)
    assert old.note.text() == "old came without its checkpoint; open that to see why it answers so."
    assert not overlay(old.image)


def test_that_a_problem_of_one_version_leaves_the_other_alone(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    assert workspace.current is not None
    workspace.current.checkpoint = str(tmp_path / "broken.safetensors")
    Path(workspace.current.checkpoint).touch()
    workspace.select(1)
    old, new = inspector.saliency.panes
    qtbot.waitUntil(lambda: overlay(old.image), timeout=10_000)
    qtbot.waitUntil(lambda: new.note.text() == "The weights are damaged.")


def test_that_without_data_one_sentence_says_how_to_open_them(inspector: Inspector, workspace: Workspace) -> None:
    workspace.dataset = None
    workspace.data_changed.emit()
    workspace.select(1)
    assert inspector.saliency.reason.text() == "Open the data (Ctrl+D) to see why the versions answer so."
    assert not inspector.saliency.panes[0].isVisible()


def test_that_many_training_images_are_only_read_when_asked_for(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_ABOVE", -1)
    workspace.select(1)
    qtbot.waitUntil(lambda: overlay(inspector.saliency.panes[0].image), timeout=10_000)
    side = inspector.neighbours.sides[0]
    assert side.button.isVisible()
    assert inspector.neighbours.neighbours() == []
    side.button.click()
    qtbot.waitUntil(lambda: len(inspector.neighbours.neighbours()) == 2, timeout=10_000)
    assert not side.button.isVisible()


def test_that_versions_are_loaded_ahead_and_again_for_another_candidate(
    inspector: Inspector, workspace: Workspace, asked: Path, qtbot: QtBot
) -> None:
    inspector.explanations.load()
    inspector.explanations.load()
    workspace.set_current("mpt")
    qtbot.waitUntil(lambda: asked.exists() and len(asked.read_text().splitlines()) == 2, timeout=10_000)


def test_that_little_is_faint_and_most_is_full() -> None:
    image = heat_image(np.array([[0.0, 1.0], [np.nan, 0.5]], np.float16))
    alphas = [image.pixelColor(x, y).alpha() for y in (0, 1) for x in (0, 1)]
    assert alphas[0] == alphas[2] < alphas[3] < alphas[1] == 255
    most = image.pixelColor(1, 0)
    assert (most.blue(), most.green(), most.red()) == tuple(table()[255, :3])


def test_that_an_overlay_needs_an_image(qtbot: QtBot) -> None:
    view = ImageView()
    qtbot.addWidget(view)
    view.set_overlay(heat_image(np.ones((2, 2))))
    assert not overlay(view)
    view.show_image(to_qimage(np.zeros((8, 8, 3), np.uint8)))
    view.set_overlay(heat_image(np.ones((2, 2))))
    assert view._overlay.pos().toPoint() == QPoint(0, 0)
    assert overlay(view)


def test_that_the_answer_under_a_logit_offset_is_explained(
    inspector: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(1)
    new = inspector.saliency.panes[1]
    qtbot.waitUntil(lambda: overlay(new.image), timeout=10_000)
    workspace.set_offset(50.0)  # fox is a new class: it is not answered any more
    qtbot.waitUntil(lambda: new.caption.text().startswith("■ plain\n✓ cat 50"), timeout=10_000)


def test_that_one_sample_is_shown_under_both_versions(workspace: Workspace, asked: Path, qtbot: QtBot) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    workspace.select(1)
    with qtbot.waitExposed(beside):
        beside.show()
    beside.show_rows(np.array([1]))
    old, new = (pane.image for pane in beside.versions.panes)
    qtbot.waitUntil(lambda: overlay(old) and overlay(new), timeout=10_000)
    assert not beside._several.isVisible()
    qtbot.keyClick(beside, "+")
    assert new.transform().m11() == pytest.approx(old.transform().m11(), rel=0.02)
    assert not old._fits
    beside.show_rows(np.array([1, 2]))
    assert beside._several.isVisible()
    assert not beside.versions.isVisible()


def test_that_one_switch_shows_where_a_version_looks_on_all_images(
    workspace: Workspace, asked: Path, qtbot: QtBot
) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    beside.resize(900, 500)
    with qtbot.waitExposed(beside):
        beside.show()
    beside.show_rows(np.array([1, 2, 6]))
    assert beside.looks.isVisible()
    qtbot.keyClick(beside, "s")
    qtbot.waitUntil(lambda: [overlay(image) for image in beside.images] == [True] * 3 + [False], timeout=10_000)
    assert beside.told.text() == ""
    asked_for = {line.split()[1] for line in asked.read_text().splitlines() if line.startswith("saliency")}
    assert asked_for == {"test/01", "test/02", "test/06"}
    beside.looks.side.setCurrentIndex(0)
    beside.looks.side.activated.emit(0)
    qtbot.waitUntil(lambda: all(overlay(image) for image in beside.images[:3]), timeout=10_000)
    qtbot.keyClick(beside, "s")
    assert not any(overlay(image) for image in beside.images)


def test_that_the_switch_says_why_there_is_nothing_to_see(workspace: Workspace, asked: Path, qtbot: QtBot) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    for version in workspace.candidates:
        version.checkpoint = str(asked.parent / "broken.safetensors")
    (asked.parent / "broken.safetensors").touch()
    beside.show_rows(np.array([1, 2]))
    beside.looks.switch.setChecked(True)
    qtbot.waitUntil(lambda: beside.told.text() == "The weights are damaged.", timeout=10_000)
    for version in workspace.candidates:
        version.checkpoint = ""
    beside.looks.refresh()
    assert "came without its checkpoint" in beside.told.text()


@pytest.mark.parametrize(("width", "across"), [(1000, 4), (500, 2)])
def test_that_images_side_by_side_have_room_and_the_hint_is_whole(
    workspace: Workspace, qtbot: QtBot, width: int, across: int
) -> None:
    beside = SideBySide(workspace)
    qtbot.addWidget(beside)
    beside.resize(width, 500)
    with qtbot.waitExposed(beside):
        beside.show()
    beside.show_rows(np.array([0, 1, 2, 6]))
    qtbot.wait(20)
    assert len({column.y() for column in beside._columns}) == 4 // across
    assert beside.hint.height() >= beside.hint.heightForWidth(beside.hint.width())
