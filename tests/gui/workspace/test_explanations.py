"""The inspector's explanations, answered by a small worker of our own over the real protocol."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import overlay

pytestmark = pytest.mark.gui


def test_that_hurrying_through_samples_asks_only_for_the_last(
    explained: Inspector, workspace: Workspace, asked: Path, qtbot: QtBot
) -> None:
    for row in (1, 2, 3, 5, 6):
        workspace.select(row)
    qtbot.waitUntil(lambda: len(explained.neighbours.neighbours()) == 4)
    assert sorted(asked.read_text().splitlines()) == [
        "neighbours test/06 neighbours new",
        "neighbours test/06 neighbours old",
        "saliency test/06 saliency new",
        "saliency test/06 saliency old",
    ]


def test_that_an_answer_is_kept(explained: Inspector, workspace: Workspace, asked: Path, qtbot: QtBot) -> None:
    for row in (1, 2, 1):
        workspace.select(row)
        qtbot.waitUntil(lambda: overlay(explained.saliency.panes[1].image))
        qtbot.waitUntil(lambda: len(explained.neighbours.neighbours()) == 4)
        qtbot.waitUntil(lambda: not explained.explanations._rest.isActive())
    assert len(asked.read_text().splitlines()) == 8


def test_that_versions_are_loaded_ahead_and_again_for_another_candidate(
    explained: Inspector, workspace: Workspace, asked: Path, qtbot: QtBot
) -> None:
    explained.explanations.load()
    explained.explanations.load()
    workspace.set_current("mpt")
    qtbot.waitUntil(lambda: asked.exists() and len(asked.read_text().splitlines()) == 2)
