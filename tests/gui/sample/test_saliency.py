from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import overlay

pytestmark = pytest.mark.gui


def test_that_both_versions_show_where_they_look(explained: Inspector, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(1)
    old, new = explained.saliency.panes
    qtbot.waitUntil(lambda: overlay(old.image) and overlay(new.image))
    assert old.caption.text() == "■ old\n✓ cat 50 %"
    assert new.caption.text() == "■ plain\n✗ fox 50 %"
    assert explained.saliency.legend.isVisible()
    explained.saliency.choice.setCurrentIndex(1)
    explained.saliency.refresh()
    assert new.caption.text() == "■ plain\n✓ cat 50 %"


def test_that_the_map_covers_the_part_that_the_network_saw(explained: Inspector, workspace: Workspace, qtbot: QtBot):
    workspace.select(1)
    view = explained.saliency.panes[0].image
    qtbot.waitUntil(lambda: overlay(view))
    box = view._overlay.mapRectToParent(view._overlay.boundingRect())
    assert (box.left(), box.right()) == pytest.approx((2, 6), abs=0.6)  # of 8 pixels; Qt adds half a pixel
    assert box.height() == pytest.approx(8, abs=3)


def test_that_a_version_without_a_checkpoint_says_so_in_a_sentence(
    explained: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    assert workspace.old is not None
    workspace.old.checkpoint = ""
    workspace.select(1)
    old, new = explained.saliency.panes
    qtbot.waitUntil(lambda: overlay(new.image))
    assert old.note.text() == "old came without its checkpoint; open that to see why it answers so."
    assert not overlay(old.image)


def test_that_a_problem_of_one_version_leaves_the_other_alone(
    explained: Inspector, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    assert workspace.current is not None
    workspace.current.checkpoint = str(tmp_path / "broken.safetensors")
    Path(workspace.current.checkpoint).touch()
    workspace.select(1)
    old, new = explained.saliency.panes
    qtbot.waitUntil(lambda: overlay(old.image))
    qtbot.waitUntil(lambda: new.note.text() == "The weights are damaged.")


def test_that_without_data_one_sentence_says_how_to_open_them(explained: Inspector, workspace: Workspace) -> None:
    workspace.dataset = None
    workspace.data_changed.emit()
    workspace.select(1)
    assert explained.saliency.reason.text() == "Open the data (Ctrl+D) to see why the versions answer so."
    assert not explained.saliency.panes[0].isVisible()


def test_that_the_answer_under_a_logit_offset_is_explained(
    explained: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(1)
    new = explained.saliency.panes[1]
    qtbot.waitUntil(lambda: overlay(new.image))
    workspace.set_offset(50.0)  # fox is a new class: it is not answered any more
    qtbot.waitUntil(lambda: new.caption.text().startswith("■ plain\n✓ cat 50"))
