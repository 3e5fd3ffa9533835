from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_that_the_charts_on_show_are_written_as_pictures(
    page: ComparePage, workspace: Workspace, qtbot: QtBot, tmp_path: Path, kind: str
) -> None:
    with qtbot.waitSignal(workspace.message) as told:
        page.export_charts(tmp_path, kind)
    assert told.args[:2] == ["info", f"6 charts written to {tmp_path}."]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{kind}"
        for name in (
            "old-against-update",
            "accuracy-against-nfr",
            "nfr-per-class",
            "flow-of-negative-flips-truth-new-answer",
            "confusion",
            "every-version",
        )
    }
    one = tmp_path / f"accuracy-against-nfr.{kind}"
    if kind == "svg":
        drawn = ElementTree.fromstring(one.read_text("utf-8"))
        words = [part.text for part in drawn.iter("{http://www.w3.org/2000/svg}text")]
        assert "NFR (old classes, n=8) in %" in words
        assert "MPT_KL" in words
        assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == 2
    else:
        assert QImage(str(one)).width() == 2 * page.grid.cards[1].width()
