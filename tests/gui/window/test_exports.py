from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.gui.window.exports import ExportDialog, Exports
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def exports(qtbot: QtBot, workspace: Workspace) -> Exports:
    window = QMainWindow()
    qtbot.addWidget(window)
    made = Exports(window, workspace, Settings())
    made.keep = window  # type: ignore[attr-defined]
    return made


def written(qtbot: QtBot, exports: Exports, workspace: Workspace, scope: str, kind: str, path: Path) -> str:
    comparison = workspace.comparison()
    assert comparison is not None
    with qtbot.waitSignal(workspace.message) as told:
        exports.write(comparison, exports.rows_of(scope), kind, path)
    return str(told.args[1])


def test_that_a_table_has_the_rows_on_show_in_their_order(
    qtbot: QtBot, exports: Exports, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.set_sort("id", True)
    told = written(qtbot, exports, workspace, "shown", "csv", tmp_path / "flips.csv")
    assert told.endswith("flips.csv written: 4 samples.")
    with (tmp_path / "flips.csv").open() as stream:
        assert [row["sample_id"] for row in csv.DictReader(stream)] == ["test/06", "test/05", "test/02", "test/01"]


@pytest.mark.parametrize(
    ("kind", "name", "there"),
    [
        ("parquet", "flips.parquet", lambda path: path.read_bytes()[:4] == b"PAR1"),
        ("sheet", "flips.png", lambda path: path.read_bytes()[1:4] == b"PNG"),
        ("images", "images", lambda path: len(list(path.rglob("*.png"))) == 1),
    ],
)
def test_that_the_selection_is_written(
    qtbot: QtBot,
    exports: Exports,
    workspace: Workspace,
    tmp_path: Path,
    kind: str,
    name: str,
    there: Callable[[Path], bool],
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    workspace.select(1)
    assert "1 sample" in written(qtbot, exports, workspace, "selected", kind, tmp_path / name)
    assert there(tmp_path / name)


def test_that_cancelling_leaves_no_half_table(
    qtbot: QtBot, exports: Exports, workspace: Workspace, tmp_path: Path
) -> None:
    comparison = workspace.comparison()
    assert comparison is not None
    workspace.job_started.connect(lambda job: job.cancel())
    exports.write(comparison, np.arange(10), "csv", tmp_path / "flips.csv")
    qtbot.wait(50)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["csv", "parquet", "sheet", "images"])
def test_that_an_export_tells_how_far_it_is(
    qtbot: QtBot, exports: Exports, workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    told: list[tuple[str, float]] = []
    workspace.job_started.connect(lambda job: job.progressed.connect(lambda *how_far: told.append(how_far)))
    written(qtbot, exports, workspace, "shown", kind, tmp_path / "to")
    assert told[0][0] == ("Writing sample 1 of 4" if kind in ("csv", "parquet") else "Writing image 1 of 4")
    assert told[0][1] == 0.0


def test_that_images_ask_for_data_first(qtbot: QtBot) -> None:
    dialog = ExportDialog({"selected": 1, "shown": 4, "all": 10}, images=False)
    qtbot.addWidget(dialog)
    assert dialog.scope.chosen == "shown"
    assert dialog.ok.isEnabled()
    dialog.format.choose("sheet")
    assert not dialog.ok.isEnabled()
    assert dialog.problem.text() == "Images need the data; open them first (Ctrl+D)."
