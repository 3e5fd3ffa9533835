from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Cause, CauseThresholds, Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.workspace.workspace import Workspace

from .files import checkpoint

pytestmark = pytest.mark.gui
CAT_TO_DOG = 2
"""The only flip to an old class; its margin under the update is −1.2."""


def causes(page: FlipsPage) -> dict[str, str]:
    return {row.name: row.text for row in page.facets.lists["causes"].model.rows}


def test_that_a_filter_by_cause_follows(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,), causes=(Cause.NEAR_TIE,)))
    assert len(workspace.rows) == 0
    workspace.thresholds.set(CauseThresholds(near_tie=1.3))
    assert list(workspace.rows) == [CAT_TO_DOG]


def test_that_it_holds_for_every_candidate_under_an_offset_and_after_a_restart(
    workspace: Workspace, qtbot: QtBot
) -> None:
    value = CauseThresholds(confident=0.5, suspect_truth=0.025)
    workspace.thresholds.set(value)
    workspace.set_current("mpt")
    workspace.set_offset(0.4)
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.thresholds == value
    assert Workspace(workspace.store).thresholds.value == value


def test_that_the_sentence_and_the_tooltips_follow(page: FlipsPage, workspace: Workspace, qtbot: QtBot) -> None:
    inspector = Inspector(workspace)
    qtbot.addWidget(inspector)
    workspace.select(CAT_TO_DOG)
    assert inspector.cause.text().startswith("Confused with old class")
    workspace.thresholds.set(CauseThresholds(near_tie=1.3))
    assert inspector.cause.text().startswith("Near tie")
    rows = page.facets.lists["causes"].model.rows
    assert any("above −1.3 logits" in row.meaning for row in rows)


@pytest.mark.parametrize("values", [{"near_tie": -1}, {"confident": "high"}, {"suspect_sure": [1]}])
def test_that_a_foreign_file_means_the_defaults(empty_workspace: Workspace, values: dict[str, object]) -> None:
    JsonFile("thresholds.json").set(**values)
    assert Workspace(empty_workspace.store).thresholds.value == CauseThresholds()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("w.safetensors", "w.safetensors is weights, not a table of metadata; open it with Ctrl+O."),
        ("cat.png", "cat.png is a single image; drop the folder that holds one folder of images per class."),
    ],
)
def test_that_a_file_of_another_kind_is_called_what_it_is(
    workspace: Workspace, tmp_path: Path, qtbot: QtBot, name: str, sentence: str
) -> None:
    checkpoint(tmp_path / "w.safetensors")
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with qtbot.waitSignal(workspace.message) as heard:
        workspace.tables.open(tmp_path / name)
    assert heard.args[:2] == ["error", sentence]
