from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.sample.neighbours import LargeImage
from mpt_studio.gui.workspace import explanations as module
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import overlay

pytestmark = pytest.mark.gui


def test_that_neighbours_show_label_and_similarity_and_enlarge(
    explained: Inspector, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(1)
    qtbot.waitUntil(lambda: len(explained.neighbours.neighbours()) == 4)
    first, second = explained.neighbours.neighbours()[:2]
    assert (first.text(), first.similarity, second.text()) == ("✓ cat", 0.9, "✗ fox")
    qtbot.waitUntil(lambda: explained.neighbours.pool.image(5) is not None)
    second.click()
    large = explained.findChild(LargeImage)
    assert large is not None
    qtbot.waitUntil(lambda: not large.image._item.pixmap().isNull())
    large.close()


def test_that_many_training_images_are_only_read_when_asked_for(
    explained: Inspector, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_ABOVE", -1)
    workspace.select(1)
    qtbot.waitUntil(lambda: overlay(explained.saliency.panes[0].image))
    side = explained.neighbours.sides[0]
    assert side.button.isVisible()
    assert explained.neighbours.neighbours() == []
    side.button.click()
    qtbot.waitUntil(lambda: len(explained.neighbours.neighbours()) == 2)
    assert not side.button.isVisible()
